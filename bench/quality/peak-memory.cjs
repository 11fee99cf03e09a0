// Loaded before a program by node --require: writes the largest resident memory it had, in KiB, when it ends.
'use strict';
const fs = require('node:fs');

process.on('exit', () => {
  fs.writeFileSync(process.env.PEAK_MEMORY_FILE, String(process.resourceUsage().maxRSS));
});
