import '../styles/base.css'
import '../styles/layout.css'
import '../styles/files.css'
import '../styles/dialogs.css'
import '../styles/uploads.css'
import { render } from 'preact'
import { App } from './layout/app.tsx'

const root = document.getElementById('app')
if (root !== null) render(<App />, root)
