// Prints the state of a token's process, as seen under the conditions of this process.
import { closeSync, openSync } from 'node:fs'

const { newToken, ownerState }: typeof import('../../src/disk/owner.js') = await import(
  new URL('../../src/disk/owner.ts', import.meta.url).href
)

const [token = '', condition = ''] = process.argv.slice(2)
const open: number[] = []
if (condition === 'without descriptors') {
  try {
    while (true) open.push(openSync('/dev/null', 'r'))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EMFILE')) throw error
  }
}
if (condition.startsWith('as user ')) {
  const id = Number(condition.slice(8))
  process.setgroups?.([])
  process.setgid?.(id)
  process.setuid?.(id)
}
const state = token === '' ? newToken() : ownerState(token)
// Written before the descriptors are closed. An open pipe needs no new descriptor.
for (const fd of open.slice(0, 10)) closeSync(fd)
console.log(state)
