"""Makes modules of the sources that an extension carries; run once, in shadow mode.

In: `package` (the name that they get), `sources` (pairs of a name and a text), `extension`. Out: `call`, what the extension is to call.
It must not need anything that is installed: only the standard library.
"""

import sys
import types

home = types.ModuleType(package)  # noqa: F821 - given by the extension
home.__path__ = []
sys.modules[package] = home  # noqa: F821
for name, text in sources:  # noqa: F821
    module = types.ModuleType(f"{home.__name__}.{name}")
    module.__package__ = home.__name__
    sys.modules[module.__name__] = module
    setattr(home, name, module)
    exec(compile(text, f"<pyrust {name}>", "exec", dont_inherit=True), module.__dict__)
call = home.shadow.comparer(extension)  # noqa: F821
