/**
 * Reads the dimensions of an image from its headers. Nothing is decoded, so that an image of a few
 * bytes that claims billions of pixels costs nothing. Every loop moves forward by at least one
 * byte.
 *
 * Formats: PNG, JPEG, GIF, WebP, BMP, AVIF, HEIC. The headers of all but JPEG are at the beginning.
 * A JPEG may have any amount of metadata before its dimensions, so it is read as it arrives.
 */

/** Pixels. */
interface Dimensions {
  readonly width: number
  readonly height: number
}

/**
 * `undefined`: more bytes are needed. `unreadable`: the headers are damaged, or of another format.
 */
export type DimensionsResult = Dimensions | 'unreadable' | undefined

const ascii = (bytes: Buffer, start: number, end: number): string => bytes.toString('latin1', start, end)

/** `ftyp`. */
const fileTypeBox = 0x66747970
const avifBrands: ReadonlySet<string> = new Set(['avif', 'avis'])
/** Brands of files that may have images as the samples of a track. */
const sequenceBrands: ReadonlySet<string> = new Set(['avis', 'msf1', 'hevc', 'hevx', 'hevm', 'hevs'])
const heicBrands: ReadonlySet<string> = new Set(['heic', 'heix', 'hevc', 'hevx', 'heim', 'heis', 'hevm', 'hevs'])

/** Returns the media type of an image in one of the formats. */
export function imageType(head: Buffer): string | undefined {
  if (head.length < 4) return undefined
  switch (head[0]) {
    case 0x89:
      return ascii(head, 1, 8) === 'PNG\r\n\x1a\n' ? 'image/png' : undefined
    case 0xff:
      return head[1] === 0xd8 && head[2] === 0xff ? 'image/jpeg' : undefined
    case 0x47:
      return /^GIF8[79]a$/.test(ascii(head, 0, 6)) ? 'image/gif' : undefined
    case 0x52:
      return ascii(head, 0, 4) === 'RIFF' && ascii(head, 8, 12) === 'WEBP' ? 'image/webp' : undefined
    case 0x42:
      return isBitmap(head) ? 'image/bmp' : undefined
    default:
      // A number, because most files come here and a string takes several times as long.
      return head.length >= 8 && head.readUInt32BE(4) === fileTypeBox ? brandType(head) : undefined
  }
}

/**
 * `BM` alone is also the beginning of texts: the reserved bytes are 0, and the header has a known
 * size.
 */
const isBitmap = (head: Buffer): boolean =>
  head.length >= 18 &&
  head[1] === 0x4d &&
  head.readUInt32LE(6) === 0 &&
  [12, 16, 40, 52, 56, 64, 108, 124].includes(head.readUInt32LE(14))

function brandType(head: Buffer): string | undefined {
  const end = Math.min(head.readUInt32BE(0), head.length, 256)
  for (let at = 8; at + 4 <= end; at += at === 8 ? 8 : 4) {
    const brand = ascii(head, at, at + 4)
    if (avifBrands.has(brand)) return 'image/avif'
    if (heicBrands.has(brand)) return 'image/heic'
    if (at === 8 && brand !== 'mif1' && brand !== 'msf1') return undefined
  }
  return undefined
}

/** Reads the dimensions of one image whose bytes arrive one after the other. */
export class DimensionsReader {
  readonly #type: string
  #result: DimensionsResult
  #taken = 0
  /** Bytes of a JPEG that are skipped: the rest of a segment. */
  #skip = 0
  /** The beginning of a segment's header. */
  #rest: Buffer = Buffer.alloc(0)

  /** @param type The type that {@link imageType} returned. */
  constructor(type: string) {
    this.#type = type
  }

  /** Takes bytes that begin at a position of the file. Those that it has had are left out. */
  pushAt(start: number, bytes: Uint8Array): DimensionsResult {
    return this.push(bytes.subarray(Math.min(Math.max(0, this.#taken - start), bytes.length)))
  }

  /** Takes the next bytes. The first call has the whole head, unless the format is JPEG. */
  push(bytes: Uint8Array): DimensionsResult {
    if (this.#result !== undefined) return this.#result
    this.#taken += bytes.length
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#result = this.#type === 'image/jpeg' ? this.#pushJpeg(chunk) : headDimensions(this.#type, chunk)
    return this.#result
  }

  #pushJpeg(chunk: Buffer): DimensionsResult {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = Math.min(this.#skip, bytes.length)
    this.#skip -= at
    while (at + 2 <= bytes.length) {
      if (bytes[at] !== 0xff) return 'unreadable'
      const marker = bytes[at + 1] as number
      // A fill byte, or a marker without a segment.
      if (marker === 0xff) at += 1
      else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2
      // The end, or the beginning of the pixels.
      else if (marker === 0xd9 || marker === 0xda || marker === 0x00) return 'unreadable'
      else if (isFrame(marker)) {
        if (at + 9 > bytes.length) break
        return dimensions(bytes.readUInt16BE(at + 7), bytes.readUInt16BE(at + 5))
      } else {
        if (at + 4 > bytes.length) break
        const length = bytes.readUInt16BE(at + 2)
        if (length < 2) return 'unreadable'
        const end = at + 2 + length
        this.#skip = Math.max(0, end - bytes.length)
        at = Math.min(end, bytes.length)
      }
    }
    this.#rest = Buffer.from(bytes.subarray(at))
    return undefined
  }
}

/** SOF0 to SOF15 and DHP, without DHT, JPG and DAC. */
const isFrame = (marker: number): boolean =>
  (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) || marker === 0xde

const dimensions = (width: number, height: number): DimensionsResult =>
  width > 0 && height > 0 ? { width, height } : 'unreadable'

function headDimensions(type: string, head: Buffer): DimensionsResult {
  try {
    switch (type) {
      case 'image/png':
        return ascii(head, 12, 16) === 'IHDR' ? dimensions(head.readUInt32BE(16), head.readUInt32BE(20)) : 'unreadable'
      case 'image/gif':
        return gifDimensions(head)
      case 'image/webp':
        return webpDimensions(head)
      case 'image/bmp':
        return bitmapDimensions(head)
      case 'image/avif':
      case 'image/heic':
        return itemDimensions(head)
      default:
        return 'unreadable'
    }
  } catch (error) {
    // The head ends within a header.
    if (error instanceof RangeError) return 'unreadable'
    throw error
  }
}

/** The larger of the screen and the first frame, which decoders allocate. */
function gifDimensions(head: Buffer): DimensionsResult {
  const screen = { width: head.readUInt16LE(6), height: head.readUInt16LE(8) }
  const flags = head.readUInt8(10)
  let at = 13 + (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0)
  while (head.readUInt8(at) === 0x21) {
    at += 2
    for (let size = head.readUInt8(at); size > 0; size = head.readUInt8(at)) at += 1 + size
    at += 1
  }
  if (head.readUInt8(at) !== 0x2c) return 'unreadable'
  const width = head.readUInt16LE(at + 1) + head.readUInt16LE(at + 5)
  const height = head.readUInt16LE(at + 3) + head.readUInt16LE(at + 7)
  return dimensions(Math.max(screen.width, width), Math.max(screen.height, height))
}

function webpDimensions(head: Buffer): DimensionsResult {
  switch (ascii(head, 12, 16)) {
    case 'VP8X':
      return dimensions(head.readUIntLE(24, 3) + 1, head.readUIntLE(27, 3) + 1)
    case 'VP8L': {
      if (head.readUInt8(20) !== 0x2f) return 'unreadable'
      const bits = head.readUInt32LE(21)
      return dimensions((bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1)
    }
    case 'VP8 ':
      if (head.readUIntBE(23, 3) !== 0x9d012a) return 'unreadable'
      return dimensions(head.readUInt16LE(26) & 0x3fff, head.readUInt16LE(28) & 0x3fff)
    default:
      return 'unreadable'
  }
}

function bitmapDimensions(head: Buffer): DimensionsResult {
  if (head.readUInt32LE(14) === 12) return dimensions(head.readUInt16LE(18), head.readUInt16LE(20))
  return dimensions(head.readInt32LE(18), Math.abs(head.readInt32LE(22)))
}

/**
 * The largest width and height of the items and tracks of an AVIF or HEIC image. Decoders show the
 * track of an animated image, and need not read its items.
 */
function itemDimensions(head: Buffer): DimensionsResult {
  const file = { start: 0, end: head.length }
  const metas = [...boxesAt(head, file, ['meta'])]
  const tracks = isSequence(head) ? [...boxesAt(head, file, ['moov'])] : []
  const isReadable = metas.length === 1 && (!isSequence(head) || tracks.length > 0)
  if (!isReadable || [...metas, ...tracks].some(({ end }) => end > head.length)) return 'unreadable'
  let width = 0
  let height = 0
  const add = (itsWidth: number, itsHeight: number) => {
    width = Math.max(width, itsWidth)
    height = Math.max(height, itsHeight)
  }
  for (const { start, end } of metas) {
    for (const size of boxesAt(head, { start: start + 4, end }, ['iprp', 'ipco', 'ispe'])) {
      add(head.readUInt32BE(size.start + 4), head.readUInt32BE(size.start + 8))
    }
  }
  for (const movie of tracks) {
    for (const { start } of boxesAt(head, movie, ['trak', 'tkhd'])) {
      // Whole pixels of numbers with 16 binary places. Version 1 has longer times before them.
      const at = start + (head.readUInt8(start) === 1 ? 88 : 76)
      add(head.readUInt16BE(at), head.readUInt16BE(at + 4))
    }
    for (const { start, end } of boxesAt(head, movie, ['trak', 'mdia', 'minf', 'stbl', 'stsd'])) {
      for (const entry of boxes(head, start + 8, end)) {
        add(head.readUInt16BE(entry.start + 24), head.readUInt16BE(entry.start + 26))
      }
    }
  }
  return dimensions(width, height)
}

function isSequence(head: Buffer): boolean {
  const end = Math.min(head.readUInt32BE(0), head.length)
  for (let at = 8; at + 4 <= end; at += 4) if (sequenceBrands.has(ascii(head, at, at + 4))) return true
  return false
}

/** Yields the boxes at a path of types. */
function* boxesAt(
  head: Buffer,
  { start, end }: Pick<Box, 'start' | 'end'>,
  [type, ...path]: readonly string[],
): Generator<Box, undefined> {
  for (const box of boxes(head, start, end)) {
    if (box.type !== type) continue
    if (path.length === 0) yield box
    else yield* boxesAt(head, box, path)
  }
}

interface Box {
  readonly type: string
  /** The position of the content, and of what follows the box. */
  readonly start: number
  readonly end: number
}

function* boxes(head: Buffer, from: number, to: number): Generator<Box, undefined> {
  for (let at = from; at + 8 <= to; ) {
    const size = head.readUInt32BE(at)
    const isLong = size === 1
    const length = isLong ? Number(head.readBigUInt64BE(at + 8)) : size === 0 ? to - at : size
    const start = at + (isLong ? 16 : 8)
    const end = at + length
    if (end < start) return
    yield { type: ascii(head, at + 4, at + 8), start, end }
    at = end
  }
}
