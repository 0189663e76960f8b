/**
 * Text in any encoding that browsers know (WHATWG Encoding), decoded exactly or not at all.
 */

/** Whether a label names an encoding. */
export function isCharset(label: string): boolean {
  return decoderFor(label) !== undefined
}

/**
 * The text that the bytes are in this encoding, byte order mark included; `undefined` when the
 * label is unknown or the bytes are not text in it.
 */
export function decodeText(bytes: Uint8Array, label: string): string | undefined {
  try {
    return decoderFor(label)?.decode(bytes)
  } catch {
    // The bytes are not valid in this encoding.
    return undefined
  }
}

const options = { fatal: true, ignoreBOM: true }
/** Made once: nearly all text is in UTF-8. */
const utf8 = new TextDecoder('utf-8', options)

function decoderFor(label: string): TextDecoder | undefined {
  if (label === 'utf-8') return utf8
  try {
    return new TextDecoder(label, options)
  } catch {
    // The label is unknown.
    return undefined
  }
}
