/** The requests of tus, without a client that hides what the server said. */
const version = { 'Tus-Resumable': '1.0.0' }

/** Starts an upload. Returns the path of its URL. */
export async function create(containerUrl: string, name: string, size: number): Promise<string> {
  const headers = {
    ...version,
    'Upload-Length': String(size),
    'Upload-Metadata': `filename ${Buffer.from(name).toString('base64')}`,
  }
  const response = await fetch(`${containerUrl}/uploads`, { method: 'POST', headers })
  if (response.status !== 201) throw new Error(`POST: ${response.status} ${await response.text()}`)
  return new URL(response.headers.get('location') ?? '', response.url).pathname
}

/** What became of a PATCH: the offset that the server reported, or the status. */
export type Appended =
  | { readonly offset: number; readonly status: number }
  | { readonly offset?: undefined; readonly status: number | 'no response' }

export async function append(
  url: string,
  offset: number,
  body: Uint8Array<ArrayBuffer>,
  signal?: AbortSignal,
): Promise<Appended> {
  const headers = { ...version, 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': String(offset) }
  const response = await fetch(url, { method: 'PATCH', headers, body, ...(signal && { signal }) }).catch(
    () => undefined,
  )
  if (response === undefined) return { status: 'no response' }
  if (response.status !== 204) return { status: response.status }
  return { status: 204, offset: Number(response.headers.get('upload-offset')) }
}

/** Returns how far the upload is. */
export async function look(url: string): Promise<Appended> {
  const response = await fetch(url, { method: 'HEAD', headers: version }).catch(() => undefined)
  if (response === undefined) return { status: 'no response' }
  if (response.status !== 200) return { status: response.status }
  return { status: 200, offset: Number(response.headers.get('upload-offset')) }
}
