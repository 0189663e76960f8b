/** The ways that a file can arrive. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isStorageError, type StorageService, type UploadPolicy } from '@stowage/core'
import { storageRouter } from '@stowage/rest-express'
import { storageHandler } from '@stowage/rest-express/fetch'
import { png } from './content.ts'

/** A file as a client sends it. */
export interface Sent {
  readonly name: string
  /** The media type that the client states. */
  readonly type?: string
  readonly content: Buffer
  /** Positions between which a client that can does send single requests, or chunks. */
  readonly cuts?: readonly number[]
}

/** What became of it: a status below 300, or an error. */
export interface Outcome {
  readonly status: number
  readonly code?: string
  readonly rule?: string
  readonly message?: string
  readonly details?: { readonly left?: number; readonly found?: string }
}

export interface Target {
  readonly storage: StorageService
  readonly container: string
  readonly policy: UploadPolicy
  /** The URL of the container in a router with the policy. */
  readonly url: string
}

/** Serves a storage by a router with a policy. */
export async function serve(
  storage: StorageService,
  container: string,
  policy: UploadPolicy,
): Promise<Target & AsyncDisposable> {
  const server = createServer(
    storageRouter(storage, {
      policy,
      maxFileSize: 100_000_000,
      resumable: { secrets: ['a secret of the tests, which has 32 characters'] },
      direct: { secrets: ['a secret of the tests, which has 32 characters'] },
      onError: () => undefined,
    }),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    storage,
    container,
    policy,
    url: `http://127.0.0.1:${port}/${container}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const pieces = ({ content, cuts = [] }: Sent): Buffer[] => {
  const ends = [...cuts, content.length]
  return ends.map((end, index) => content.subarray(ends[index - 1] ?? 0, end))
}

async function outcomeOf(response: Response): Promise<Outcome> {
  const text = await response.text()
  if (response.ok) return { status: response.status }
  const { error } = JSON.parse(text) as {
    error: { code: string; message: string; details?: Outcome['details'] & { rule: string } }
  }
  const { code, message, details } = error
  return { status: response.status, code, message, ...(details && { rule: details.rule, details }) }
}

const base64 = (text: string) => Buffer.from(text).toString('base64')
const metadataOf = ({ name, type }: Sent) =>
  `filename ${base64(name)}${type === undefined ? '' : `,filetype ${base64(type)}`}`
const tus = { 'Tus-Resumable': '1.0.0' }
const patch = { ...tus, 'Content-Type': 'application/offset+octet-stream' }

async function putFile({ storage, container, policy }: Target, sent: Sent): Promise<Outcome> {
  const { name, type, content, cuts } = sent
  try {
    const body = cuts === undefined ? content : pieces(sent)
    await storage.putFile(container, name, body, { policy, ...(type && { contentType: type }) })
    return { status: 201 }
  } catch (error) {
    if (!isStorageError(error)) throw error
    const { statusCode: status, code, message, details } = error
    return { status, code, message, ...(details.rule && { rule: details.rule }), details }
  }
}

async function form({ url, policy }: Target, sent: Sent): Promise<Outcome> {
  const body = new FormData()
  const other = otherFile(policy)
  if (other !== undefined) body.append('other', other.content, other.name)
  body.append('file', new Blob([new Uint8Array(sent.content)], { type: sent.type ?? '' }), sent.name)
  return outcomeOf(await fetch(`${url}/upload`, { method: 'POST', body }))
}

/** A second file of a form, which the policy accepts. */
function otherFile({ types }: UploadPolicy): { readonly name: string; readonly content: Blob } | undefined {
  if (types?.includes('image/png')) {
    return { name: 'other.png', content: new Blob([new Uint8Array(png(8, 8))], { type: 'image/png' }) }
  }
  if (types !== undefined && !types.includes('text/plain')) return undefined
  return { name: 'other.txt', content: new Blob(['another file of the form'], { type: 'text/plain' }) }
}

const raw =
  (length: boolean) =>
  async ({ url }: Target, sent: Sent): Promise<Outcome> => {
    const headers: Record<string, string> = sent.type === undefined ? {} : { 'Content-Type': sent.type }
    const stream = () => ReadableStream.from(pieces(sent).map((piece) => new Uint8Array(piece)))
    const body = length ? new Uint8Array(sent.content) : stream()
    const init = { method: 'PUT', headers, body, duplex: 'half' } as RequestInit
    return outcomeOf(await fetch(`${url}/files/${encodeURIComponent(sent.name)}`, init))
  }

/** One PATCH after the other, from an offset of 0. */
async function patchAll(location: string, parts: readonly Buffer[], size?: number): Promise<Outcome> {
  let offset = 0
  let last: Outcome = { status: 204 }
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1
    const response = await fetch(location, {
      method: 'PATCH',
      headers: {
        ...patch,
        'Upload-Offset': String(offset),
        ...(isLast && size !== undefined ? { 'Upload-Length': String(size) } : {}),
      },
      body: new Uint8Array(part),
    })
    last = await outcomeOf(response)
    if (!response.ok) return last
    offset += part.length
  }
  return last
}

const create = (url: string, headers: Readonly<Record<string, string>>, body?: Buffer) =>
  fetch(`${url}/uploads`, {
    method: 'POST',
    headers: { ...tus, ...headers },
    ...(body && { body: new Uint8Array(body) }),
  })

const locationOf = (url: string, response: Response) =>
  new URL(response.headers.get('location') ?? '', `${url}/uploads`).href

async function tusInPieces({ url }: Target, sent: Sent): Promise<Outcome> {
  const { content } = sent
  const created = await create(url, { 'Upload-Length': String(content.length), 'Upload-Metadata': metadataOf(sent) })
  if (!created.ok || content.length === 0) return outcomeOf(created)
  return patchAll(locationOf(url, created), pieces(sent))
}

async function tusAtOnce({ url }: Target, sent: Sent): Promise<Outcome> {
  const { content } = sent
  const headers = {
    'Upload-Length': String(content.length),
    'Upload-Metadata': metadataOf(sent),
    'Content-Type': 'application/offset+octet-stream',
  }
  return outcomeOf(await create(url, headers, content))
}

async function tusOfUnknownLength({ url }: Target, sent: Sent): Promise<Outcome> {
  const created = await create(url, { 'Upload-Defer-Length': '1', 'Upload-Metadata': metadataOf(sent) })
  if (!created.ok) return outcomeOf(created)
  return patchAll(locationOf(url, created), pieces(sent), sent.content.length)
}

async function tusConcatenation({ url }: Target, sent: Sent): Promise<Outcome> {
  const { content } = sent
  const middle = Math.floor(content.length / 2)
  const partials: string[] = []
  for (const part of [content.subarray(0, middle), content.subarray(middle)]) {
    const created = await create(url, { 'Upload-Length': String(part.length), 'Upload-Concat': 'partial' })
    if (!created.ok) return outcomeOf(created)
    const location = locationOf(url, created)
    const outcome = part.length === 0 ? { status: 204 } : await patchAll(location, [part])
    if (outcome.status >= 300) return outcome
    partials.push(new URL(location).pathname)
  }
  return outcomeOf(
    await create(url, { 'Upload-Concat': `final;${partials.join(' ')}`, 'Upload-Metadata': metadataOf(sent) }),
  )
}

/** Requests of the IETF's protocol: a creation without a body, and appends. */
async function ietf({ url }: Target, sent: Sent): Promise<Outcome> {
  const { name, type, content } = sent
  const created = await fetch(`${url}/files/${encodeURIComponent(name)}`, {
    method: 'PUT',
    headers: {
      ...(type && { 'Content-Type': type }),
      'Upload-Complete': '?0',
      'Upload-Length': String(content.length),
      'Upload-Draft-Interop-Version': '8',
    },
    body: new Uint8Array(0),
  })
  if (!created.ok) return outcomeOf(created)
  const location = new URL(created.headers.get('location') ?? '', `${url}/files/${encodeURIComponent(name)}`)
  let offset = 0
  let last: Outcome = { status: 204 }
  const parts = pieces(sent)
  for (const [index, part] of parts.entries()) {
    const response = await fetch(location, {
      method: 'PATCH',
      headers: {
        'Content-Type': 'application/partial-upload',
        'Upload-Offset': String(offset),
        'Upload-Complete': index === parts.length - 1 ? '?1' : '?0',
        'Upload-Draft-Interop-Version': '8',
      },
      body: new Uint8Array(part),
    })
    last = await outcomeOf(response)
    if (!response.ok) return last
    offset += part.length
  }
  return last
}

/** The API of direct uploads: creation, parts, completion. */
async function direct({ url }: Target, { name, type, content }: Sent): Promise<Outcome> {
  const post = (path: string, body: object) =>
    fetch(`${url}/direct${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
  const created = await post('', { file: name, size: content.length, ...(type && { contentType: type }) })
  if (!created.ok) return outcomeOf(created)
  const { ticket, parts, partSize } = (await created.json()) as {
    readonly ticket: string
    readonly partSize: number
    readonly parts: readonly { readonly url: string; readonly headers: Readonly<Record<string, string>> }[]
  }
  for (const [index, part] of parts.entries()) {
    const body = new Uint8Array(content.subarray(index * partSize, (index + 1) * partSize))
    const response = await fetch(new URL(part.url, url), { method: 'PUT', headers: part.headers, body })
    if (!response.ok) return { status: response.status, message: await response.text() }
  }
  return outcomeOf(await post(`/${ticket}/complete`, {}))
}

/** The same routes without a server, for a request of the Fetch standard. */
async function handler({ storage, container, policy }: Target, sent: Sent): Promise<Outcome> {
  const handle = storageHandler(storage, { policy, maxFileSize: 100_000_000, onError: () => undefined })
  const init = {
    method: 'PUT',
    headers: sent.type === undefined ? {} : { 'Content-Type': sent.type },
    body: ReadableStream.from(pieces(sent).map((piece) => new Uint8Array(piece))),
    duplex: 'half',
  } as RequestInit
  return outcomeOf(
    await handle(new Request(`http://localhost/${container}/files/${encodeURIComponent(sent.name)}`, init)),
  )
}

export const ways: Readonly<Record<string, (target: Target, sent: Sent) => Promise<Outcome>>> = {
  'putFile in Node': putFile,
  form,
  'raw PUT': raw(true),
  'raw PUT of unknown length': raw(false),
  'handler for fetch': handler,
  'tus in one request': tusAtOnce,
  'tus in pieces': tusInPieces,
  'tus of unknown length': tusOfUnknownLength,
  'tus concatenation': tusConcatenation,
  IETF: ietf,
  'direct upload': direct,
}
