/**
 * `stowage cat`: writes files to standard output.
 */
import { pipeline } from 'node:stream/promises'
import type { ByteRange } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import { UsageFailure } from '../failures/failures.js'
import { addressOf, isFolder, parseAddress } from './addresses.js'
import { defineCommand } from './command.js'
import { Storages } from './storages.js'

export const cat = defineCommand({
  name: 'cat',
  usage: 'name:container/file … [options]',
  summary: 'Writes files to standard output, one after the other',
  details: `
  stowage cat name:container/file
  stowage cat --range 0-99 name:container/file      the first hundred bytes
  stowage cat --range -500 name:container/file      the last five hundred`,
  options: {
    range: {
      type: 'string',
      value: '<range>',
      description: 'bytes of each file, both ends included: first-last, first- or -count',
    },
  },
  async run({ range }, operands, session) {
    if (operands.length === 0) throw new UsageFailure('cat needs an address: name:container/file')
    const addresses = operands.map((text) => {
      const address = parseAddress(text)
      const { source, container, file } = address
      if (container === undefined || isFolder(address))
        throw new UsageFailure(`"${text}" is not a file (expected name:container/file)`)
      return { source, container, file }
    })
    const part = range === undefined ? undefined : parseRange(range)
    const { terminal, signal, json } = session
    await using storages = await Storages.load(session)
    for (const { source, container, file } of addresses) {
      const storage = await storages.open(source)
      await using opened = await storage.openFile(container, file, {
        signal,
        verify: true,
        ...defined({ range: part }),
      })
      if (json) {
        const content = (await opened.bytes()).toString('base64')
        await terminal.printJson({ file: addressOf(source, container, file), content })
      } else {
        await pipeline(opened.stream, terminal.stdout, { end: false, signal })
      }
    }
  },
})

/** Parses a range as in HTTP's `Range` header. */
function parseRange(text: string): ByteRange {
  const [, start = '', end = ''] = /^(\d*)-(\d*)$/.exec(text) ?? []
  if (start === '' && end === '') throw new UsageFailure(`invalid range "${text}" (expected 0-99, 100- or -500)`)
  if (start === '') return { suffix: Number(end) }
  return end === '' ? { start: Number(start) } : { start: Number(start), end: Number(end) }
}
