import { defineProject } from 'vitest/config'
import { shared } from '../../vitest.shared.ts'

/** The tests of the router, against the handler of the web platform. */
export default defineProject({
  test: {
    ...shared,
    name: '@stowage/rest-express/fetch',
    isolate: false,
    exclude: [
      // Node's responses, and Express's middlewares around them.
      'test/downloads/compression.test.ts',
      'test/downloads/downloads-behind-middleware.test.ts',
      // Without a server, or with one of their own.
      'test/forms/form-fuzz.test.ts',
      'test/forms/form-reader.test.ts',
      'test/options.test.ts',
      'test/routes/paths.test.ts',
      'test/resumable/resumable-processes.test.ts',
    ],
    env: { STOWAGE_TEST_HANDLER: 'fetch' },
  },
})
