/**
 * Turns places in the UTF-8 bytes of a text (as the parser gives them) into UTF-16 offsets (as the model has them). Asked in rising order,
 * the whole text is walked once.
 */
export class TextOffsets {
  readonly #text: string;
  #byte = 0;
  #offset = 0;
  readonly #plain: boolean;

  constructor(text: string) {
    this.#text = text;
    // eslint-disable-next-line no-control-regex
    this.#plain = !/[^\u0000-\u007f]/.test(text);
  }

  /** The UTF-16 offset of byte `byte`; the end of the text when it lies beyond. */
  fromByte(byte: number): number {
    if (this.#plain) return Math.min(byte, this.#text.length);
    if (byte < this.#byte) {
      this.#byte = 0;
      this.#offset = 0;
    }
    while (this.#byte < byte && this.#offset < this.#text.length) {
      const point = this.#text.codePointAt(this.#offset) ?? 0;
      this.#byte += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
      this.#offset += point < 0x1_0000 ? 1 : 2;
    }
    return this.#offset;
  }

  /** The UTF-16 offset of the character number `character` (counted from 0, by code points). */
  fromCharacter(character: number): number {
    if (this.#plain) return Math.min(character, this.#text.length);
    let offset = 0;
    for (let at = 0; at < character && offset < this.#text.length; at += 1) {
      offset += (this.#text.codePointAt(offset) ?? 0) < 0x1_0000 ? 1 : 2;
    }
    return offset;
  }
}
