import { describe, expect, it } from 'vitest'
import { checkContentType } from '../src/content-type.js'
import { contentTypeByContent, contentTypeByName } from '../src/index.js'

describe('a content type', () => {
  it.each([
    ['photo.JPG', 'image/jpeg'],
    ['a.b/notes.txt', 'text/plain'],
    ['photo.jpg/readme', undefined],
    ['png', undefined],
    ['.png', undefined],
    ['no.such-extension', undefined],
  ])('by the name %s is %s', (name, type) => {
    expect(contentTypeByName(name)).toBe(type)
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
