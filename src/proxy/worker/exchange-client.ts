/** Takes a whole HTTP/1.1 response as text and content, in order; after a 101 a tunnel's octets. */
export interface ClientOutput {
  text(text: string): void;
  content(buffer: Buffer, start: number, end: number): void;
  /** False when the client takes no more for now. */
  flush(): boolean;
}

/** The client's side of an exchange. */
export interface ExchangeClient {
  readonly output: ClientOutput;
  readonly listener: string;
  readonly peerAddress: string;
  readonly scheme: 'http' | 'https';
  /** Nothing speaks against another request on this connection. */
  readonly staysOpen: boolean;
  pause(): void;
  resume(): void;
  end(): void;
  /** Gives on what it already read of the tunnel's octets. */
  tunnelOpened(): void;
  /** The exchange is over. `keepsAlive` false: the connection ends after what was written. */
  exchangeDone(keepsAlive: boolean): void;
  /** The response can't be completed: cut, so that nobody takes it for a whole one. */
  cut(): void;
}
