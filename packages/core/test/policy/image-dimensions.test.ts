import { describe, expect, it } from 'vitest'
import { DimensionsReader, imageType } from '../../src/policy/image-dimensions.js'

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')
const le = (value: number, bytes: number) => {
  const buffer = Buffer.alloc(bytes)
  buffer.writeUIntLE(value, 0, bytes)
  return buffer
}
const be = (value: number, bytes = 4) => {
  const buffer = Buffer.alloc(bytes)
  buffer.writeUIntBE(value, 0, bytes)
  return buffer
}
const box = (type: string, ...content: Uint8Array[]) => {
  const body = Buffer.concat(content)
  return Buffer.concat([be(body.length + 8), Buffer.from(type), body])
}
const ispe = (width: number, height: number) => box('ispe', be(0), be(width), be(height))

const png = Buffer.concat([hex('89504e470d0a1a0a 0000000d'), Buffer.from('IHDR'), be(300), be(200), hex('0802000000')])
const gif = Buffer.concat([
  Buffer.from('GIF89a'),
  le(30, 2),
  le(20, 2),
  hex('80 00 00'),
  Buffer.alloc(6),
  hex('21 f9 04 00000000 00 2c'),
  le(5, 2),
  le(6, 2),
  le(300, 2),
  le(200, 2),
])
const webp = (chunk: string, content: Uint8Array) =>
  Buffer.concat([
    Buffer.from('RIFF'),
    le(100, 4),
    Buffer.from('WEBP'),
    Buffer.from(chunk),
    le(content.length, 4),
    content,
  ])
const bitmap = Buffer.concat([
  Buffer.from('BM'),
  le(100, 4),
  le(0, 4),
  le(54, 4),
  le(40, 4),
  le(300, 4),
  hex('38ffffff'),
])
const avif = (brand: string) =>
  Buffer.concat([
    box('ftyp', Buffer.from(brand), be(0), Buffer.from('mif1'), Buffer.from('avif')),
    box('meta', be(0), box('hdlr', be(0)), box('iprp', box('ipco', ispe(64, 64), ispe(300, 200)))),
  ])
/** An animated AVIF, whose items and track have their own dimensions. */
const animation = (width: number, height: number, brand = 'avis', version = 0) =>
  Buffer.concat([
    box('ftyp', Buffer.from(brand), be(0), Buffer.from('avifmif1avis')),
    box('meta', be(0), box('iprp', box('ipco', ispe(64, 64)))),
    box(
      'moov',
      box(
        'trak',
        box('tkhd', Buffer.from([version]), Buffer.alloc(version === 1 ? 87 : 75), be(width << 16), be(200 << 16)),
        box(
          'mdia',
          box('minf', box('stbl', box('stsd', be(0), be(1), box('av01', Buffer.alloc(24), be(300, 2), be(height, 2))))),
        ),
      ),
    ),
  ])
const jpeg = Buffer.concat([
  hex('ffd8 ffe0 0010'),
  Buffer.alloc(14),
  hex('ffff ffc4 0004 0000 ffc2 0011 08'),
  be(200, 2),
  be(300, 2),
  Buffer.alloc(10),
])

const images: readonly (readonly [string, string, Buffer, number, number])[] = [
  ['PNG', 'image/png', png, 300, 200],
  ['JPEG', 'image/jpeg', jpeg, 300, 200],
  ['GIF, whose first frame is larger than its screen', 'image/gif', gif, 305, 206],
  ['WebP, lossy', 'image/webp', webp('VP8 ', hex('000000 9d012a 2c41 c800')), 300, 200],
  [
    'WebP, lossless',
    'image/webp',
    webp('VP8L', Buffer.concat([hex('2f'), le(299 + (199 << 14), 4), le(0, 4)])),
    300,
    200,
  ],
  ['WebP, extended', 'image/webp', webp('VP8X', Buffer.concat([le(0, 4), le(299, 3), le(199, 3)])), 300, 200],
  ['BMP, from top to bottom', 'image/bmp', bitmap, 300, 200],
  ['AVIF', 'image/avif', avif('avif'), 300, 200],
  ['AVIF, by its second brand', 'image/avif', avif('mif1'), 300, 200],
  ['HEIC', 'image/heic', avif('heic'), 300, 200],
  ['AVIF, animated, by its track', 'image/avif', animation(300, 200), 300, 200],
  ['AVIF, animated, version 1', 'image/avif', animation(300, 200, 'avif', 1), 300, 200],
  ['AVIF, animated, by its samples', 'image/avif', animation(0, 200), 300, 200],
]

describe('dimensions of an image', () => {
  it.each(images)('%s', (_title, type, bytes, width, height) => {
    expect(imageType(bytes)).toBe(type)
    expect(new DimensionsReader(type).push(bytes)).toEqual({ width, height })
  })

  it.each(images)('%s, cut off anywhere, has other dimensions or none', (_title, type, bytes, width, height) => {
    for (let length = 0; length < bytes.length; length++) {
      const result = new DimensionsReader(type).push(bytes.subarray(0, length))
      if (typeof result === 'object') expect(result).toEqual({ width, height })
    }
  })

  it('a JPEG arrives byte by byte, and parts of it again', () => {
    const reader = new DimensionsReader('image/jpeg')
    for (const byte of jpeg) {
      const result = reader.push(Buffer.from([byte]))
      if (result !== undefined) return expect(result).toEqual({ width: 300, height: 200 })
    }
    throw new Error('the dimensions were not found')
  })

  it('takes bytes once, although they arrive twice', () => {
    const reader = new DimensionsReader('image/jpeg')
    expect(reader.push(jpeg.subarray(0, 10))).toBeUndefined()
    expect(reader.pushAt(0, jpeg.subarray(0, 5))).toBeUndefined()
    expect(reader.pushAt(5, jpeg.subarray(5))).toEqual({ width: 300, height: 200 })
  })

  it.each([
    ['a JPEG that ends before its dimensions', hex('ffd8 ffd9')],
    ['a JPEG whose pixels begin before its dimensions', hex('ffd8 ffda 0004')],
    ['a JPEG with a segment of no length', hex('ffd8 ffe0 0000')],
    ['a JPEG without a marker', hex('ffd8 ffe0 0003 00 00 00')],
    ['a JPEG whose height comes later', Buffer.concat([hex('ffd8 ffc0 0011 08 0000'), be(5, 2)])],
    ['a PNG without dimensions', Buffer.concat([png.subarray(0, 16), Buffer.alloc(8)])],
    ['a PNG that begins with another chunk', Buffer.from(png.toString('latin1').replace('IHDR', 'tEXt'), 'latin1')],
    [
      'an AVIF whose box is larger than the head',
      Buffer.concat([avif('avif').subarray(0, 32), be(1e6), Buffer.from('meta')]),
    ],
    ['an AVIF with two lists of items', Buffer.concat([avif('avif'), box('meta', be(0))])],
    ['an animated AVIF without a track', avif('avis')],
    ['an animated AVIF whose track is not in the head', animation(300, 200).subarray(0, -1)],
  ])('%s is unreadable', (_title, bytes) => {
    expect(new DimensionsReader(imageType(bytes) ?? 'image/jpeg').push(bytes)).toBe('unreadable')
  })

  it('random damage never takes long, and never throws', () => {
    let seed = 1
    const random = () => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff
      return seed
    }
    for (const [, type, bytes] of images) {
      for (let round = 0; round < 2000; round++) {
        const damaged = Buffer.from(bytes)
        for (let change = 0; change < 3; change++) damaged[random() % damaged.length] = random() % 256
        imageType(damaged)
        new DimensionsReader(type).push(damaged)
      }
    }
  })
})

it.each(['', 'BM', 'BMW 320d', 'GIF87', 'RIFF____WAVE', 'hello', '\x89PNX'])('%j is no image', (content) => {
  expect(imageType(Buffer.from(content, 'latin1'))).toBeUndefined()
})
