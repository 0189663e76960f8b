/**
 * A video made in the browser, and laid out as WebM with an index, so that a player can seek in it
 * (Matroska, RFC 9559).
 */
import type { Page } from 'playwright-core'

const frameRate = 10
const framesPerCluster = 10

/**
 * Noise in VP8, which does not compress: large enough that a player does not load all of it
 * unasked.
 */
export async function makeVideo(page: Page, seconds: number): Promise<Buffer> {
  const frames = await page.evaluate(
    async ({ count, frameRate, framesPerCluster }) => {
      const width = 320
      const height = 240
      const encoded: { key: boolean; data: string }[] = []
      const encoder = new VideoEncoder({
        output: (chunk) => {
          const data = new Uint8Array(chunk.byteLength)
          chunk.copyTo(data)
          encoded.push({
            key: chunk.type === 'key',
            data: Array.from(data, (byte) => String.fromCharCode(byte)).join(''),
          })
        },
        error: (error) => {
          throw error
        },
      })
      encoder.configure({ codec: 'vp8', width, height, bitrate: 8_000_000, framerate: frameRate })
      const pixels = new Uint8Array(width * height * 4)
      const atOnce = 65_536
      for (let index = 0; index < count; index++) {
        for (let at = 0; at < pixels.length; at += atOnce) crypto.getRandomValues(pixels.subarray(at, at + atOnce))
        const timestamp = (index * 1_000_000) / frameRate
        const frame = new VideoFrame(pixels, { format: 'RGBX', codedWidth: width, codedHeight: height, timestamp })
        encoder.encode(frame, { keyFrame: index % framesPerCluster === 0 })
        frame.close()
      }
      await encoder.flush()
      return encoded
    },
    { count: seconds * frameRate, frameRate, framesPerCluster },
  )
  return layOut(frames.map(({ key, data }) => ({ key, data: Buffer.from(data, 'latin1') })))
}

interface Frame {
  readonly key: boolean
  readonly data: Buffer
}

function layOut(frames: readonly Frame[]): Buffer {
  const milliseconds = 1000 / frameRate
  const info = element(
    0x1549a966,
    uint(0x2ad7b1, 1_000_000),
    text(0x4d80, 'test'),
    text(0x5741, 'test'),
    float(0x4489, frames.length * milliseconds),
  )
  const video = element(0xe0, uint(0xb0, 320), uint(0xba, 240))
  const tracks = element(
    0x1654ae6b,
    element(0xae, uint(0xd7, 1), uint(0x73c5, 1), uint(0x83, 1), text(0x86, 'V_VP8'), video),
  )
  const clusters = Array.from({ length: Math.ceil(frames.length / framesPerCluster) }, (_, index) => {
    const start = index * framesPerCluster
    const blocks = frames.slice(start, start + framesPerCluster).map(({ key, data }, place) => {
      const head = Buffer.from([0x81, 0, 0, key ? 0x80 : 0])
      head.writeInt16BE(place * milliseconds, 1)
      return element(0xa3, head, data)
    })
    return element(0x1f43b675, uint(0xe7, start * milliseconds), ...blocks)
  })
  // Numbers in the index have one length, so its own length does not hang on where the clusters
  // are.
  const cuesAt = (offset: number) => {
    let position = offset
    const points = clusters.map((cluster, index) => {
      const place = element(0xb7, uint(0xf7, 1), uint(0xf1, position))
      position += cluster.length
      return element(0xbb, uint(0xb3, index * framesPerCluster * milliseconds), place)
    })
    return element(0x1c53bb6b, ...points)
  }
  const offset = info.length + tracks.length + cuesAt(0).length
  const head = element(
    0x1a45dfa3,
    uint(0x4286, 1),
    uint(0x42f7, 1),
    uint(0x42f2, 4),
    uint(0x42f3, 8),
    text(0x4282, 'webm'),
    uint(0x4287, 4),
    uint(0x4285, 2),
  )
  return Buffer.concat([head, element(0x18538067, info, tracks, cuesAt(offset), ...clusters)])
}

/** An element of EBML: its number, its length in eight bytes, and what it holds. */
function element(id: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content)
  const length = Buffer.alloc(8)
  length.writeBigUInt64BE(BigInt(body.length) | (1n << 56n))
  const bytes = Buffer.from(
    id.toString(16).padStart(id > 0xffffff ? 8 : id > 0xffff ? 6 : id > 0xff ? 4 : 2, '0'),
    'hex',
  )
  return Buffer.concat([bytes, length, body])
}

function uint(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return element(id, bytes)
}

function float(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return element(id, bytes)
}

const text = (id: number, value: string): Buffer => element(id, Buffer.from(value))
