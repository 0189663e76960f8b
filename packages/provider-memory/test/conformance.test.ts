import { registerConformance } from '@stowage/core/conformance'
import { afterAll, describe, it } from 'vitest'
import { createMemoryStore, MemoryProvider } from '../src/index.js'

const store = createMemoryStore()
const realNow = Date.now

registerConformance({ describe, it, after: afterAll }, 'memory', {
  createProvider: () => new MemoryProvider({ store }),
  moveClock: (milliseconds) => {
    Date.now = milliseconds === 0 ? realNow : () => realNow() + milliseconds
  },
})
