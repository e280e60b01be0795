/** Most responses have the status that the one before had: the text is kept until that changes. */
class StatusLines {
  #status = '';
  #line = '';

  of(status: string): string {
    if (status !== this.#status) {
      this.#status = status;
      this.#line = `HTTP/1.1 ${status}\r\n`;
    }
    return this.#line;
  }
}

/** The end of a head whose last field says how much follows. */
class LengthEnds {
  #length = -1;
  #end = '';

  of(length: number): string {
    if (length !== this.#length) {
      this.#length = length;
      this.#end = `Content-Length: ${length}\r\n\r\n`;
    }
    return this.#end;
  }
}

export const statusLines = new StatusLines();
export const lengthEnds = new LengthEnds();
