import { hash } from 'node:crypto'

/**
 * Content that shows whether it is complete, which write it is from, and whether attributes belong
 * to it.
 */
export function describedContent(write: string, hasAttributes: boolean, size: number): Buffer {
  const body = `${write} ${hasAttributes ? 'kept' : 'plain'} ${size} ${write.repeat(Math.ceil(size / write.length)).slice(0, size)}`
  return Buffer.from(`${body} ${hash('sha256', body)}`)
}

/** Returns the write that the content is from. Throws if the content is incomplete. */
export function checkContent(content: Buffer): { readonly write: string; readonly hasAttributes: boolean } {
  const text = content.toString()
  const body = text.slice(0, -65)
  const [write = '', attributes] = body.split(' ', 2)
  if (text.slice(-65) !== ` ${hash('sha256', body)}`)
    throw new Error(`${content.length} bytes of write ${write} are incomplete`)
  return { write, hasAttributes: attributes === 'kept' }
}
