/** The table of the tests: every rule of a policy on every way that a file can arrive. */
import { text } from 'node:stream/consumers'
import { type Scanner, StorageQuota, StorageService, type UploadPolicy } from '@stowage/core'
import type { StorageProvider } from '@stowage/core/provider'
import { MemoryProvider } from '@stowage/provider-memory'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eicar, gifAndScript, infected, jpeg, png, svgWithScript, zipBomb } from './content.ts'
import { type Outcome, type Sent, serve, ways } from './ways.ts'

const MiB = 1024 ** 2

interface Row {
  readonly title: string
  readonly policy: UploadPolicy
  readonly sent: Sent
  /** Bytes that the owner may store. */
  readonly quota?: number
  /** The refusal, or the type with which the file is stored. */
  readonly expected: Omit<Outcome, 'message'> | { readonly stored: string }
  /** Ways that the row does not fit. */
  readonly not?: readonly string[]
}

const avatars: UploadPolicy = {
  types: ['image/png', 'image/jpeg', 'image/gif'],
  content: 'agree',
  image: { maxWidth: 4096, maxHeight: 4096, maxPixels: 8_000_000 },
}
const documents: UploadPolicy = { types: ['text/plain', 'application/pdf', 'application/zip'], content: 'agree' }
const detected: UploadPolicy = { types: ['image/png', 'text/plain'], content: 'detected' }

/** Finds EICAR's signature anywhere in the content. */
const findEicar: Scanner = async (content) =>
  (await text(content)).includes(eicar.toString()) ? { clean: false, reason: 'Eicar-Test-Signature' } : { clean: true }
const unreachable: Scanner = async () => {
  throw new Error('connect ECONNREFUSED /var/run/clamd.sock')
}
/** Gives its verdict without reading to the end. */
const hasty: Scanner = async (content) => {
  for await (const chunk of content) if (chunk.length > 0) return { clean: false, reason: 'the first bytes' }
  return { clean: true }
}

const refused = (rule: string) => ({ status: 422, code: 'CONTENT_REFUSED', rule })
const wrongType = { status: 415, code: 'TYPE_NOT_ALLOWED', rule: 'types' }

const rows: readonly Row[] = [
  {
    title: 'maxSize: one byte too many',
    policy: { maxSize: 1000 },
    sent: { name: 'a.txt', content: Buffer.alloc(1001, 32), cuts: [600] },
    expected: { status: 413, code: 'TOO_LARGE', rule: 'maxSize' },
  },
  {
    title: 'maxSize: exactly as large as allowed',
    policy: { maxSize: 1000 },
    sent: { name: 'a.txt', content: Buffer.alloc(1000, 32), cuts: [600] },
    expected: { stored: 'text/plain' },
  },
  {
    title: 'types: HTML where images are allowed',
    policy: { types: ['image/png'] },
    sent: { name: 'a.html', type: 'text/html', content: Buffer.from('<script>alert(1)</script>') },
    expected: wrongType,
  },
  {
    title: 'types: a name without a stated type',
    policy: { types: ['image/png'] },
    sent: { name: 'a.html', content: Buffer.from('<script>alert(1)</script>') },
    expected: wrongType,
  },
  {
    title: 'names: a name that does not match',
    policy: { names: '[a-z0-9]+\\.(?:png|txt)' },
    sent: { name: 'a.txt.exe', type: 'text/plain', content: Buffer.from('hello') },
    expected: { status: 400, code: 'INVALID_NAME', rule: 'names' },
  },
  {
    title: 'agree: a PNG that is one',
    policy: avatars,
    sent: { name: 'me.png', type: 'image/png', content: png(64, 64), cuts: [3, 20] },
    expected: { stored: 'image/png' },
  },
  {
    title: 'agree: text with the name and the type of an image',
    policy: avatars,
    sent: { name: 'me.png', type: 'image/png', content: Buffer.from('<html><script>alert(1)</script>'), cuts: [5] },
    expected: refused('content'),
  },
  {
    title: 'agree: an image under the extension of another one',
    policy: avatars,
    sent: { name: 'me.jpg', type: 'image/jpeg', content: png(64, 64), cuts: [3] },
    expected: refused('content'),
  },
  {
    title: 'agree: an allowed type with another extension',
    policy: avatars,
    sent: { name: 'me.html', type: 'image/png', content: png(64, 64), cuts: [3] },
    expected: refused('content'),
  },
  {
    title: 'agree: a dot at the end',
    policy: avatars,
    sent: { name: 'me.png.', type: 'image/png', content: png(64, 64) },
    expected: refused('content'),
  },
  {
    title: 'agree: a polyglot of a GIF and a script, as a script',
    policy: { types: ['text/javascript'], content: 'agree' },
    sent: { name: 'a.js', type: 'text/javascript', content: gifAndScript, cuts: [4] },
    expected: refused('content'),
  },
  {
    title: 'agree: a polyglot of a GIF and a script, as the GIF that it is',
    policy: { types: ['image/gif'], content: 'agree' },
    sent: { name: 'a.gif', type: 'image/gif', content: gifAndScript, cuts: [4] },
    expected: { stored: 'image/gif' },
  },
  {
    title: 'agree: an SVG with a script where images are allowed',
    policy: avatars,
    sent: { name: 'a.svg', type: 'image/svg+xml', content: svgWithScript },
    expected: wrongType,
  },
  {
    title: 'agree: an SVG with a script under the name of a PNG',
    policy: avatars,
    sent: { name: 'a.png', type: 'image/png', content: svgWithScript, cuts: [10] },
    expected: refused('content'),
  },
  {
    title: 'agree: an empty file with the type of an image',
    policy: avatars,
    sent: { name: 'a.png', type: 'image/png', content: Buffer.alloc(0) },
    expected: refused('content'),
  },
  {
    title: 'agree: an empty file of text',
    policy: documents,
    sent: { name: 'a.txt', type: 'text/plain', content: Buffer.alloc(0) },
    expected: { stored: 'text/plain' },
  },
  {
    title: 'agree: a zip bomb is an archive, and is not unpacked',
    policy: documents,
    sent: { name: 'a.zip', type: 'application/zip', content: zipBomb(), cuts: [2, 2000] },
    expected: { stored: 'application/zip' },
  },
  {
    title: 'agree: a large file, of which only the first bytes are wrong',
    policy: documents,
    sent: {
      name: 'a.pdf',
      type: 'application/pdf',
      content: Buffer.concat([Buffer.from('%PXF-1.7\n'), Buffer.alloc(300_000, 32)]),
      cuts: [10_000, 70_000],
    },
    expected: refused('content'),
  },
  {
    title: 'detected: an image that says it is text',
    policy: detected,
    sent: { name: 'a.png', type: 'text/plain', content: png(64, 64), cuts: [5] },
    expected: { stored: 'image/png' },
  },
  {
    title: 'detected: HTML that says it is an image becomes text',
    policy: detected,
    sent: { name: 'a.png', type: 'image/png', content: Buffer.from('<html><script>alert(1)</script>'), cuts: [5] },
    expected: { stored: 'text/plain' },
  },
  {
    title: 'detected: a type that is not allowed',
    policy: detected,
    sent: { name: 'a.png', type: 'image/png', content: jpeg(64, 64), cuts: [5] },
    expected: { ...wrongType, details: { found: 'image/jpeg' } },
  },
  {
    title: 'image: 60,000 × 60,000 pixels in 1 KB',
    policy: avatars,
    sent: { name: 'a.png', type: 'image/png', content: png(60_000, 60_000), cuts: [10, 18] },
    expected: refused('image'),
  },
  {
    title: 'image: an SVG, whose type is stated in capitals',
    policy: { image: { maxWidth: 100 } },
    sent: { name: 'a.svg', type: 'Image/SVG+XML; charset=utf-8', content: svgWithScript, cuts: [10] },
    expected: refused('image'),
  },
  {
    title: 'types: capitals and parameters change nothing',
    policy: { types: ['image/png'] },
    sent: { name: 'a.png', type: 'Text/HTML; x="image/png"', content: Buffer.from('<script>alert(1)</script>') },
    expected: wrongType,
  },
  {
    title: 'image: cut off within its header',
    policy: avatars,
    sent: { name: 'a.png', type: 'image/png', content: png(64, 64).subarray(0, 20), cuts: [10] },
    expected: refused('image'),
  },
  {
    title: 'image: a JPEG with 200 KB before its dimensions',
    policy: avatars,
    sent: { name: 'a.jpg', type: 'image/jpeg', content: jpeg(1000, 1000, 200_000), cuts: [50_000, 120_000] },
    expected: { stored: 'image/jpeg' },
  },
  {
    title: 'image: a JPEG with 200 KB before dimensions that are too large',
    policy: avatars,
    sent: { name: 'a.jpg', type: 'image/jpeg', content: jpeg(5000, 1000, 200_000), cuts: [50_000, 120_000] },
    expected: refused('image'),
  },
  {
    title: 'scan: a clean file',
    policy: { scan: findEicar },
    sent: { name: 'a.txt', content: Buffer.alloc(100_000, 'clean '), cuts: [70_000] },
    expected: { stored: 'text/plain' },
  },
  {
    title: 'scan: EICAR across the border of two chunks',
    policy: { scan: findEicar },
    sent: { name: 'a.txt', content: infected(100_000, 69_970), cuts: [70_000] },
    expected: refused('scan'),
  },
  {
    title: 'scan: EICAR across the border of two parts',
    policy: { scan: findEicar },
    sent: { name: 'a.txt', content: infected(6 * MiB, 5 * MiB - 30), cuts: [5 * MiB - 10] },
    expected: refused('scan'),
  },
  {
    title: 'scan: a scanner that does not read to the end',
    policy: { scan: hasty },
    sent: { name: 'a.txt', content: Buffer.alloc(2_000_000, 'clean '), cuts: [70_000] },
    expected: refused('scan'),
  },
  {
    title: 'scan: an unreachable scanner refuses',
    policy: { scan: unreachable },
    sent: { name: 'a.txt', content: Buffer.from('clean'), cuts: [2] },
    expected: { status: 503, code: 'UNAVAILABLE', rule: 'scan' },
  },
  {
    title: 'quota: exactly as large as what is left',
    policy: { types: ['application/pdf'] },
    quota: 1000,
    sent: { name: 'a.pdf', content: Buffer.alloc(1000, 32), cuts: [600] },
    expected: { stored: 'application/pdf' },
  },
  {
    title: 'quota: one byte more than is left',
    policy: { types: ['application/pdf'] },
    quota: 1000,
    sent: { name: 'a.pdf', content: Buffer.alloc(1001, 32), cuts: [600] },
    expected: { status: 507, code: 'QUOTA_EXCEEDED', rule: 'quota' },
  },
  {
    title: 'quota: a refused file gives back what it reserved',
    policy: { types: ['application/pdf'], scan: findEicar },
    quota: 200_000,
    sent: { name: 'a.pdf', content: infected(100_000, 69_970), cuts: [70_000] },
    expected: refused('scan'),
  },
  {
    title: 'quarantine: a refused file is kept, and a clean one is not',
    policy: { scan: findEicar, quarantine: { container: 'quarantine', prefix: 'scan/' } },
    sent: { name: 'a.txt', content: infected(100_000, 69_970), cuts: [70_000] },
    expected: refused('scan'),
  },
]

/** Runs the table over a storage. Each row has a container of its own. */
export function describePolicies(title: string, makeProvider: () => StorageProvider): void {
  describe(`upload policies over ${title}`, () => {
    for (const [way, send] of Object.entries(ways)) {
      describe(way, () => {
        for (const row of rows) {
          if (row.not?.includes(way)) continue
          it(row.title, () => check(makeProvider(), row, (target) => send(target, row.sent)))
        }
      })
    }
  })
}

async function check(
  provider: StorageProvider,
  { policy: rules, sent, quota: limit, expected }: Row,
  send: (target: Awaited<ReturnType<typeof serve>>) => Promise<Outcome>,
): Promise<void> {
  const storage = new StorageService(provider, { partSize: 5 * MiB })
  const id = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`
  const container = `policy-${id}`
  const quarantine = rules.quarantine && { ...rules.quarantine, container: `quarantine-${id}` }
  const quota = limit === undefined ? undefined : await newQuota(limit)
  const policy = { ...rules, ...(quarantine && { quarantine }), ...(quota && { quota, owner: 'tom' }) }
  await storage.createContainer({ name: container })
  onTestFinished(async () => {
    for (const name of [container, ...(quarantine ? [quarantine.container] : [])]) {
      await storage.destroyContainer(name).catch(() => undefined)
    }
    await storage.close()
  })
  await using target = await serve(storage, container, policy)
  const outcome = await send(target)
  const names = (await storage.getFiles(container)).map(({ name }) => name).filter((name) => !name.startsWith('other.'))
  if ('stored' in expected) {
    expect(outcome).not.toHaveProperty('code')
    expect(names).toEqual([sent.name])
    const { contentType, size } = await storage.getFile(container, sent.name)
    expect({ contentType, size }).toEqual({ contentType: expected.stored, size: sent.content.length })
    await using opened = await storage.openFile(container, sent.name)
    expect(Buffer.compare(await opened.bytes(), sent.content)).toBe(0)
  } else {
    expect(outcome).toMatchObject(expected)
    expect(outcome.message).toMatch(/^[a-z].*[^.]$/)
    expect(await storage.getFiles(container)).toEqual([])
  }
  // An upload that has become too large can go on with fewer bytes, and one without room later.
  if (outcome.code !== 'TOO_LARGE' && outcome.code !== 'QUOTA_EXCEEDED')
    expect(await Array.fromAsync(storage.uploads(container))).toEqual([])
  if (quota !== undefined) {
    const used = 'stored' in expected ? sent.content.length : 0
    expect(await quota.usage('tom')).toMatchObject(outcome.code === 'QUOTA_EXCEEDED' ? { used } : { used, reserved: 0 })
  }
  if (quarantine !== undefined) await checkQuarantine(storage, quarantine.container, sent)
}

/** A quota whose accounts are in a storage of their own, as any storage can have one. */
async function newQuota(limit: number): Promise<StorageQuota> {
  const accounts = new StorageService(new MemoryProvider())
  await accounts.createContainer({ name: 'accounts' })
  return new StorageQuota(accounts, { container: 'accounts', limit })
}

async function checkQuarantine(storage: StorageService, container: string, { name, content }: Sent): Promise<void> {
  const kept = (await storage.getFiles(container, { prefix: 'scan/' })).map((file) => file.name)
  const reason = kept.find((file) => file.endsWith('.json')) ?? ''
  expect(kept).toEqual([reason.slice(0, -'.json'.length), reason])
  await using opened = await storage.openFile(container, reason)
  expect(JSON.parse(await opened.text())).toMatchObject({
    name,
    size: content.length,
    code: 'CONTENT_REFUSED',
    rule: 'scan',
    message: 'the scan of the file has found: Eicar-Test-Signature',
  })
  await using file = await storage.openFile(container, reason.slice(0, -'.json'.length))
  expect(Buffer.compare(await file.bytes(), content)).toBe(0)
}
