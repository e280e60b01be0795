/** The shortest text that can be had by leaving parts out while `isStillWrong` holds. */
export const shrunk = (text: string, isStillWrong: (candidate: string) => boolean): string => {
  let best = text;
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length;) {
      const candidate = best.slice(0, at) + best.slice(at + size);
      if (isStillWrong(candidate)) best = candidate;
      else at += size;
    }
  }
  return best;
};
