// Writes, copies, moves and deletes files in every way, without a pause, until it is killed.
// Reports each operation.
import { randomBytes } from 'node:crypto'
import { isStorageError } from '@stowage/core'
import { FilesystemProvider } from '@stowage/provider-fs'

const contents: typeof import('../content.js') = await import(new URL('../content.ts', import.meta.url).href)
const { describedContent } = contents

const [root = '', seed = '1'] = process.argv.slice(2)
const provider = new FilesystemProvider({ root })
const { signal } = new AbortController()

let state = Number(seed)
const random = (below: number) => {
  state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
  return Math.floor((state / 2_147_483_648) * below)
}

const names = ['one', 'two', 'folder/three', 'folder/deeper/four', 'five//six']
const name = () => names[random(names.length)] ?? ''
const location = () => ({ container: 'box', file: name() })

const attributesOf = (write: string, hasAttributes: boolean) => ({
  contentType: 'application/octet-stream',
  metadata: (hasAttributes ? { write } : {}) as Readonly<Record<string, string>>,
})

async function* pieces(content: Buffer) {
  for (let start = 0; start < content.length; start += 10_000) yield content.subarray(start, start + 10_000)
}

async function writeOnce(): Promise<void> {
  const write = randomBytes(8).toString('hex')
  const hasAttributes = random(2) === 0
  const common = { signal, attributes: attributesOf(write, hasAttributes), checksums: {}, native: {} }
  const copying = { signal, conditions: {}, native: {} }
  switch (random(9)) {
    case 0:
    case 1:
    case 2:
      await provider.putFile('box', name(), describedContent(write, hasAttributes, random(3000)), {
        ...common,
        conditions: {},
      })
      return
    case 3:
    case 4:
      await provider.putFile('box', name(), pieces(describedContent(write, hasAttributes, 200_000)), {
        ...common,
        conditions: {},
      })
      return
    case 5:
      await provider.copyFile(location(), location(), copying)
      return
    case 6: {
      const [from, to] = [location(), location()]
      if (from.file !== to.file) await provider.moveFile(from, to, copying)
      return
    }
    case 7: {
      const content = describedContent(write, hasAttributes, 50_000)
      const upload = await provider.startUpload('box', name(), { ...common, partSize: 30_000 })
      const parts = [
        await provider.uploadPart(upload, content.subarray(0, 30_000), { signal, partNumber: 1 }),
        await provider.uploadPart(upload, content.subarray(30_000), { signal, partNumber: 2 }),
      ]
      await provider.completeUpload(upload, { signal, parts, conditions: {} })
      return
    }
    default:
      await provider.removeFile('box', name(), { signal, conditions: {} })
  }
}

while (true) {
  try {
    await writeOnce()
  } catch (error) {
    if (!isStorageError(error, 'FILE_NOT_FOUND')) throw error
  }
  process.send?.('wrote')
}
