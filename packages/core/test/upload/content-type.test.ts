import { describe, expect, it } from 'vitest'
import { checkContentType } from '../../src/checks/media-type.js'
import { contentTypeByName, StorageService } from '../../src/index.js'
import { contentTypeByContent } from '../../src/upload/content-type.js'
import { fakeProvider, written } from '../fake-provider.js'

describe('a content type', () => {
  it.each([
    ['photo.JPG', 'image/jpeg'],
    ['a.b/notes.txt', 'text/plain'],
    ['photo.jpg/readme', undefined],
    ['png', undefined],
    ['.png', undefined],
    ['no.such-extension', undefined],
    ['segment.ts', undefined],
    ['module.MTS', undefined],
    ['video.m2ts', 'video/mp2t'],
  ])('by the name %s is %s', (name, type) => {
    expect(contentTypeByName(name)).toBe(type)
  })

  it('of a .ts file is that of its content: an MPEG transport stream is video, TypeScript is not', async () => {
    const types: string[] = []
    const storage = new StorageService(
      fakeProvider({
        putFile: async (_container, _file, body, { attributes }) => {
          types.push(attributes.contentType)
          return written((body as Uint8Array).length)
        },
      }),
    )
    const packet = Buffer.alloc(188, 0xff)
    packet[0] = 0x47
    await storage.putFile('c', 'segment.ts', Buffer.concat([packet, packet, packet]))
    await storage.putFile('c', 'module.ts', 'export const answer = 42\n')
    expect(types).toEqual(['video/mp2t', 'application/octet-stream'])
  })

  it('is found by the first bytes when the name tells nothing', async () => {
    const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')
    expect(await contentTypeByContent(png)).toBe('image/png')
    expect(await contentTypeByContent(Buffer.from('plain words'))).toBeUndefined()
    expect(await contentTypeByContent(Buffer.alloc(0))).toBeUndefined()
  })

  it.each(['text/plain', 'text/html; charset=utf-8', 'a/b;c="d e\\"f"', 'application/vnd.x+json'])(
    '%s is one',
    (type) => {
      expect(() => checkContentType(type)).not.toThrow()
    },
  )

  it.each([
    '',
    'text',
    'text/',
    'text/plain;',
    'text/plain; charset',
    'text/plain\r\nX-Evil: 1',
    'text/pläin',
    'a b/c',
  ])('%j is refused', (type) => {
    expect(() => checkContentType(type)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it('that would make a pattern match for ever is refused at once', () => {
    expect(() => checkContentType(`a/b${'; c="'.repeat(49)}`)).toThrow(/media type/)
  })
})
