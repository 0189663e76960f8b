// Calls a provider's methods without root's rights, and prints the results and the warnings.
import { subscribe } from 'node:diagnostics_channel'
import { type WarningEvent, warningChannel } from '@stowage/core'
import { FilesystemProvider } from '@stowage/provider-fs'

const [root = ''] = process.argv.slice(2)
const nobody = 65534
if (process.getuid?.() === 0) {
  process.setgroups?.([])
  process.setgid?.(nobody)
  process.setuid?.(nobody)
}

const provider = new FilesystemProvider({ root })
const { signal } = new AbortController()
let warnings: string[] = []
subscribe(warningChannel, (message) => warnings.push((message as WarningEvent).error.message))

const calls: Readonly<Record<string, (prefix: string) => Promise<unknown>>> = {
  list: async (prefix) => namesIn(await provider.listFiles('box', { signal, prefix, limit: 10 })),
  folders: async (prefix) => namesIn(await provider.listFiles('box', { signal, prefix, limit: 10, delimiter: '/' })),
  containers: async () => namesIn(await provider.listContainers({ signal, limit: 10 })),
  listLocked: async () => namesIn(await provider.listFiles('locked', { signal, prefix: '', limit: 10 })),
  destroyEmpty: () => provider.destroyContainer('box', { signal, onlyIfEmpty: true }),
  destroy: () => provider.destroyContainer('box', { signal, onlyIfEmpty: false }),
  clean: () => provider.clean(),
}

const namesIn = ({ entries }: { readonly entries: readonly { readonly name: string }[] }) =>
  entries.map(({ name }) => name)

process.on('message', async ([call, prefix]: [string, string]) => {
  warnings = []
  const outcome = await calls[call]?.(prefix).then(
    (result) => ({ result }),
    ({ code, message }) => ({ code, message }),
  )
  process.send?.({ ...outcome, warnings })
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
