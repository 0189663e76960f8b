// Increments a counter by compare-and-set a given number of times, and creates files that only one
// process may create.
import { isStorageError } from '@stowage/core'
import { FilesystemProvider } from '@stowage/provider-fs'

const [root = '', rounds = '0', name = ''] = process.argv.slice(2)
const provider = new FilesystemProvider({ root })
const { signal } = new AbortController()
const writing = {
  signal,
  attributes: { contentType: 'text/plain', metadata: { by: name } },
  checksums: {},
  native: {},
}

const refused = (error: unknown): boolean => {
  if (isStorageError(error, 'PRECONDITION_FAILED')) return true
  throw error
}

let created = 0
for (let round = 0; round < Number(rounds); round++) {
  for (let done = false; !done; ) {
    const opened = await provider.openFile('box', 'counter', { signal, conditions: {} })
    const value = 'bytes' in opened ? Number(Buffer.from(opened.bytes).toString()) : Number.NaN
    const next = Buffer.from(String(value + 1))
    const conditions = { ifMatch: opened.info.etag }
    done = await provider.putFile('box', 'counter', next, { ...writing, conditions }).then(
      () => true,
      (error: unknown) => !refused(error),
    )
  }
  created += await provider
    .putFile('box', `created/${round}`, Buffer.from(name), { ...writing, conditions: { ifNoneMatch: '*' } })
    .then(
      () => 1,
      (error: unknown) => Number(!refused(error)),
    )
}
process.send?.(created)
