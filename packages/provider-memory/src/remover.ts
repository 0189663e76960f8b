import { checkWriteConditions, type RemoveCallOptions, type RemoveOutcome } from '@stowage/core/provider'
import { containerOf, type Memory } from './memory.js'

export async function removeFile(
  memory: Memory,
  container: string,
  file: string,
  { conditions }: RemoveCallOptions,
): Promise<void> {
  const stored = containerOf(memory, container)
  checkWriteConditions(stored.file(file).info, conditions)
  stored.remove(file)
}

export async function removeFiles(
  memory: Memory,
  container: string,
  files: readonly string[],
): Promise<readonly RemoveOutcome[]> {
  const stored = containerOf(memory, container)
  return files.map((file) => {
    stored.remove(file)
    return { file }
  })
}
