// Turns the directories of a tree into symbolic links and back, without a pause. The tree is named
// by each message; it works inside of that one, wherever it is moved to, until the next message
// comes or it is killed.
import { renameSync, symlinkSync, unlinkSync } from 'node:fs'

const [outside = '', folders = '1'] = process.argv.slice(2)

/** The tree is being removed: each step may fail. */
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
