/**
 * The REST API, as this page uses it.
 */

/** An answer that is an error; its message is the server's own. */
export class ApiError extends Error {
  constructor(statusCode, message) {
    super(message)
    this.statusCode = statusCode
  }
}

export async function dataSources() {
  return (await request('/api/datasources')).json()
}

/** The containers and files of one data source. */
export class Storage {
  #base

  constructor(dataSource) {
    this.#base = `/api/datasources/${encodeURIComponent(dataSource)}/containers`
  }

  containers() {
    return page(`${this.#base}?limit=100`)
  }

  createContainer(name) {
    const headers = { 'Content-Type': 'application/json' }
    return request(this.#base, { method: 'POST', headers, body: JSON.stringify({ name }) })
  }

  destroyContainer(container) {
    return request(this.#url(container), { method: 'DELETE' })
  }

  files(container, prefix, signal) {
    return page(`${this.#url(container, 'files')}?${new URLSearchParams({ prefix, limit: 100 })}`, signal)
  }

  async hasFile(container, file) {
    const response = await fetch(this.fileUrl(container, file), { method: 'HEAD' })
    if (response.ok || response.status === 404) return response.ok
    throw new ApiError(response.status, `the server answered with status ${response.status}`)
  }

  removeFile(container, file) {
    return request(this.fileUrl(container, file), { method: 'DELETE' })
  }

  fileUrl(container, file) {
    return this.#url(container, 'files', file)
  }

  downloadUrl(container, file) {
    return this.#url(container, 'download', file)
  }

  /** Every name is one segment, whatever it holds: a slash in it becomes `%2F`. */
  #url(...segments) {
    return [this.#base, ...segments.map(encodeURIComponent)].join('/')
  }
}

/** One page of a list; `next` fetches the one after it, and is undefined on the last one. */
export async function page(url, signal) {
  const response = await request(url, { signal })
  const link = /<([^>]*)>;\s*rel="next"/.exec(response.headers.get('Link') ?? '')
  return {
    entries: await response.json(),
    next: link === null ? undefined : (signal) => page(new URL(link[1], response.url), signal),
  }
}

async function request(url, options) {
  let response
  try {
    response = await fetch(url, options)
  } catch (error) {
    if (error.name === 'AbortError') throw error
    throw new ApiError(0, 'the server cannot be reached')
  }
  if (response.ok) return response
  throw new ApiError(response.status, messageOf(response.status, await response.text()))
}

/** What the server says of an error, also when something between says it in another form. */
export function messageOf(statusCode, body) {
  try {
    return JSON.parse(body).error.message
  } catch {
    return `the server answered with status ${statusCode}`
  }
}
