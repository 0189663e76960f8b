/** The files of the tests: good ones, and those that attackers and accidents make. */
import { crc32, deflateRawSync } from 'node:zlib'

const chunk = (type: string, data: Uint8Array) => {
  const body = Buffer.concat([Buffer.from(type), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, sum])
}

/** A PNG whose header claims these dimensions. */
export function png(width: number, height: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width)
  header.writeUInt32BE(height, 4)
  header.set([8, 2], 8)
  const pixels = deflateRawSync(Buffer.alloc(800))
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', Buffer.concat([Buffer.from([0x78, 0x01]), pixels, Buffer.alloc(960 - pixels.length)])),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** A JPEG with metadata before its dimensions. */
export function jpeg(width: number, height: number, metadata = 0): Buffer {
  const segments: Buffer[] = []
  for (let left = metadata; left > 0; left -= 65_000) {
    const size = Math.min(left, 65_000)
    const segment = Buffer.alloc(size + 4, 0x20)
    segment.writeUInt16BE(0xffe2)
    segment.writeUInt16BE(size + 2, 2)
    segments.push(segment)
  }
  const frame = Buffer.from('ffc00011080000000003012200021101031101', 'hex')
  frame.writeUInt16BE(height, 5)
  frame.writeUInt16BE(width, 7)
  return Buffer.concat([Buffer.from('ffd8', 'hex'), ...segments, frame, Buffer.from('ffd9', 'hex')])
}

/** A ZIP archive whose only entry has 10 MB of zeros, and claims to have 4 GB. */
export function zipBomb(): Buffer {
  const data = deflateRawSync(Buffer.alloc(10_000_000), { level: 9 })
  const head = Buffer.alloc(30)
  head.write('PK\x03\x04')
  head.writeUInt16LE(20, 4)
  head.writeUInt16LE(8, 8)
  head.writeUInt32LE(data.length, 18)
  head.writeUInt32LE(0xfffffff0, 22)
  head.writeUInt16LE(8, 26)
  return Buffer.concat([head, Buffer.from('bomb.txt'), data])
}

/** The test signature of EICAR, in two halves, so that no scanner finds it in this file. */
export const eicar = Buffer.from(`${'X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR'}${'-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'}`)

/** A file of text with the signature at a position. */
export function infected(size: number, position: number): Buffer {
  const text = Buffer.alloc(size, 'clean ')
  eicar.copy(text, position)
  return text
}

export const svgWithScript = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(document.domain)</script></svg>',
)
/** A GIF that is also JavaScript. */
export const gifAndScript = Buffer.from(
  'GIF89a/*\x01\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00*/=1;alert(1)//;',
  'latin1',
)
