#!/usr/bin/env node
// Committed, unlike the bundle, so that an install before the first build links the command.
import '../dist/slipway.js';
