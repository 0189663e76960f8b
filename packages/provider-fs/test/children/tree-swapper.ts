// Replaces the directories of a tree by symbolic links and back, without a pause, until it is
// killed. Each message names a tree. It works in the tree, even if that is moved, until the next
// message.
import { renameSync, symlinkSync, unlinkSync } from 'node:fs'

const [outside = '', folders = '1'] = process.argv.slice(2)

/** The tree is being deleted, so each step may fail. */
function attempt(step: () => void): void {
  try {
    step()
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
  }
}

process.on('disconnect', () => process.exit())
process.on('message', (tree: string) => {
  process.chdir(tree)
  process.send?.('ready')
})

setInterval(() => {
  for (let folder = 0; folder < Number(folders); folder++) {
    attempt(() => renameSync(`${folder}`, `${folder}-aside`))
    attempt(() => symlinkSync(outside, `${folder}`))
    attempt(() => unlinkSync(`${folder}`))
    attempt(() => renameSync(`${folder}-aside`, `${folder}`))
  }
}, 0)
process.send?.('ready')
