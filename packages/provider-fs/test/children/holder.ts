// Executes one operation, and stops or exits right before a matching system call. Then prints the
// result.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { setTimeout as delay } from 'node:timers/promises'
import { parentPort } from 'node:worker_threads'
import { isStorageError } from '@stowage/core'

const [root = '', operation = '', call = '', action = ''] = process.argv.slice(2)

/** Written synchronously, because the process may stop right afterwards. */
function say(line: string): void {
  if (parentPort === null) fs.writeSync(1, `${line}\n`)
  else parentPort.postMessage(line)
}

let done = false

/** @param call The name of a call, and the ends of its paths: `rename source>target`. */
function before(name: string, from: unknown, to: unknown): void {
  const [expected, paths = ''] = call.split(' ')
  const [source = '', target = ''] = paths.split('>')
  if (done || name !== expected || !String(from).endsWith(source) || !String(to).endsWith(target)) return
  done = true
  say('there')
  if (action === 'wait') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  else if (action.startsWith('chmod ')) fs.chmodSync(`${root}/.stowage/locks`, Number.parseInt(action.slice(6), 8))
  else process.kill(process.pid, action)
}

const { rename, renameSync, link, linkSync } = fs
Object.assign(fs, {
  renameSync: (...args: Parameters<typeof renameSync>) => {
    before('rename', args[0], args[1])
    renameSync(...args)
  },
  rename: (...args: Parameters<typeof rename>) => {
    before('rename', args[0], args[1])
    rename(...args)
  },
  linkSync: (...args: Parameters<typeof linkSync>) => {
    before('link', args[0], args[1])
    linkSync(...args)
  },
  link: (...args: Parameters<typeof link>) => {
    before('link', args[0], args[1])
    link(...args)
  },
})
syncBuiltinESMExports()

const { FilesystemProvider } = await import('@stowage/provider-fs')
const provider = new FilesystemProvider({ root, lease: Number(process.env['LEASE'] ?? 10_000) })
const { signal } = new AbortController()
const attributes = { contentType: 'a/b', metadata: { by: 'holder' } }
const common = { signal, attributes, checksums: {}, native: {} }
const location = (file: string) => ({ container: 'box', file })
const etag = async (file: string) => (await provider.getFile('box', file, { signal, conditions: {} })).etag

async function run(): Promise<unknown> {
  switch (operation) {
    case 'put':
      return provider.putFile('box', 'file', Buffer.from('holder'), { ...common, conditions: {} })
    case 'put if match': {
      const conditions = { ifMatch: await etag('file') }
      return provider.putFile('box', 'file', Buffer.from('holder'), { ...common, conditions })
    }
    case 'remove if match':
      return provider.removeFile('box', 'file', { signal, conditions: { ifMatch: await etag('file') } })
    case 'move if match': {
      const conditions = { ifMatch: await etag('file') }
      return provider.moveFile(location('source'), location('file'), { signal, conditions, native: {} })
    }
    case 'move if none': {
      const conditions = { ifNoneMatch: '*' } as const
      return provider.moveFile(location('source'), location('file'), { signal, conditions, native: {} })
    }
    case 'complete if match': {
      const conditions = { ifMatch: await etag('file') }
      const upload = await provider.startUpload('box', 'file', { ...common, partSize: 10 })
      const part = await provider.uploadPart(upload, Buffer.from('holder'), { signal, partNumber: 1 })
      return provider.completeUpload(upload, { signal, parts: [part], conditions })
    }
    case 'destroy':
      return provider.destroyContainer('box', { signal, onlyIfEmpty: false })
    default:
      throw new Error(`there is no operation ${operation}`)
  }
}

const outcome = await run().then(
  () => 'done',
  (error: unknown) => (isStorageError(error) ? `${error.code}: ${error.message}` : String(error)),
)
say(outcome)
if (action.startsWith('chmod ')) {
  const locks = `${root}/.stowage/locks`
  process.once('message', () => fs.chmodSync(locks, 0o777))
  while (fs.readdirSync(locks).length > 0) await delay(20)
  process.disconnect?.()
  say('released')
}
await provider.close()
