// Replaces a directory by a symbolic link and back, without a pause, until it is killed.
import { existsSync, renameSync, rmSync, symlinkSync, unlinkSync } from 'node:fs'

const [directory = '', outside = ''] = process.argv.slice(2)
const aside = `${directory}-aside`

/**
 * A writer may create the directory again, fill it or delete it at any moment, so each step may
 * fail.
 */
function attempt(step: () => void): void {
  try {
    step()
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
  }
}

process.send?.('ready')
setInterval(() => {
  for (let round = 0; round < 50; round++) {
    attempt(() => renameSync(directory, aside))
    attempt(() => symlinkSync(outside, directory))
    attempt(() => unlinkSync(directory))
    while (existsSync(aside)) {
      attempt(() => renameSync(aside, directory))
      if (existsSync(aside)) attempt(() => rmSync(directory, { recursive: true }))
    }
  }
}, 0)
