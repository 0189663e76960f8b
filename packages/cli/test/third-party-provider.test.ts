import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { Workplace } from './workplace.js'

const filesystem = createRequire(import.meta.url).resolve('@stowage/provider-fs')

test('a data source can have the provider of an installed package', async () => {
  await using place = await Workplace.make(
    {
      'datasources.json': JSON.stringify({
        mine: { provider: 'stowage-provider-mine', root: './files', createRoot: true },
      }),
      'node_modules/stowage-provider-mine/package.json': '{ "type": "module", "exports": "./index.js" }',
      'node_modules/stowage-provider-mine/index.js': `export * from '${pathToFileURL(filesystem)}'`,
    },
    { installed: false },
  )
  expect(await place.run(['cp', '--create', 'package.json', 'mine:texts/'])).toMatchObject({ code: 0 })
  expect(await place.run(['ls', 'mine:texts'])).toMatchObject({ code: 0, stdout: 'package.json\n' })
})
