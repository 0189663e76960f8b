/** Encodes text that arrives in pieces as UTF-8. */
import { invalid } from '../checks/invalid.js'

/**
 * Encodes text as UTF-8.
 *
 * @throws `INVALID_ARGUMENT` for lone surrogates, which UTF-8 would replace by other text.
 */
export function encodeText(text: string): Buffer {
  if (!text.isWellFormed()) throw invalid('body', 'body is text with a lone surrogate, which UTF-8 cannot express')
  return Buffer.from(text)
}

/** Encodes the pieces of a text. A surrogate pair can be split between two pieces. */
export class TextPieces {
  /** The first half of a pair whose second half begins the next piece. */
  #half = ''

  encode(piece: string): Buffer {
    const text = this.#half + piece
    const last = text.charCodeAt(text.length - 1)
    const end = last >= 0xd800 && last < 0xdc00 ? text.length - 1 : text.length
    this.#half = text.slice(end)
    return encodeText(text.slice(0, end))
  }

  /** Ends the text. Throws as {@link encodeText} does. */
  end(): void {
    encodeText(this.#half)
  }
}
