/** Equal for equal parts. Most stories share theirs with others. */
export const textOf = (part: object): string => {
  let text = texts.get(part);
  if (text === undefined) {
    text = JSON.stringify(part);
    texts.set(part, text);
  }
  return text;
};

const texts = new WeakMap<object, string>();
