/**
 * Text that comes in pieces, as UTF-8.
 */
import { invalid } from '../checks/invalid.js'

/**
 * Throws `INVALID_ARGUMENT` for text that UTF-8 cannot express: it would be stored as other text.
 */
export function encodeText(text: string): Buffer {
  if (!text.isWellFormed()) throw invalid('body', 'the body is text with a lone surrogate, which UTF-8 cannot express')
  return Buffer.from(text)
}

/** Encodes pieces of a text one after the other. A boundary may divide a surrogate pair. */
export class TextPieces {
  /** The first half of a pair, whose second half begins the next piece. */
  #half = ''

  encode(piece: string): Buffer {
    const text = this.#half + piece
    const last = text.charCodeAt(text.length - 1)
    const end = last >= 0xd800 && last < 0xdc00 ? text.length - 1 : text.length
    this.#half = text.slice(end)
    return encodeText(text.slice(0, end))
  }

  /** To be called where no text follows; throws as {@link encodeText} does. */
  end(): void {
    encodeText(this.#half)
  }
}
