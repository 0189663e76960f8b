/**
 * A vite plugin that breaks one source file while it is loaded, as the environment variable `STOWAGE_MUTANT` says: nothing on disk changes.
 */
import type { Plugin } from 'vitest/config'
import type { Mutant } from './mutant.ts'

export function mutantPlugin(): Plugin[] {
  const described = process.env['STOWAGE_MUTANT']
  if (described === undefined) return []
  const { file, find, replace } = JSON.parse(described) as Mutant
  return [
    {
      name: 'stowage-mutant',
      enforce: 'pre',
      transform(code, id) {
        if (!id.endsWith(file)) return undefined
        if (code.split(find).length !== 2) throw new Error(`the mutant's text must stand once in ${file}: ${find}`)
        return { code: code.replace(find, () => replace), map: null }
      },
    },
  ]
}
