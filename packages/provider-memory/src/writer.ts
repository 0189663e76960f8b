import { type ProviderBody, type PutCallOptions, readBody, type WrittenFile } from '@stowage/core/provider'
import { containerOf, type Memory, write } from './memory.js'

export async function putFile(
  memory: Memory,
  container: string,
  file: string,
  body: ProviderBody,
  options: PutCallOptions,
): Promise<WrittenFile> {
  containerOf(memory, container)
  const content = await readBody(body, options.signal)
  return write(memory, { container, file }, content, options)
}
