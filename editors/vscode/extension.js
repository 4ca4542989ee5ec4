// Starts `pyrust lsp`, marks lines, offers tasks. What is found out is found out by the server.
"use strict";

const path = require("node:path");
const os = require("node:os");
const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");
const { marks } = require("./marks.js");

/** @type {LanguageClient | undefined} */
let client;
const TASKS = {
  build: ["build", "--output-format", "concise"],
  watch: ["build", "--watch"],
  check: ["check", "--output-format", "concise"],
  verify: ["verify"],
};
const TOLD = { native: "runs natively", left: "runs as Python when it is reached", python: "runs as Python", stale: "changed since the last build" };

const setting = (name) => vscode.workspace.getConfiguration("pyrust").get(name);

async function activate(context) {
  const decorations = Object.fromEntries(
    Object.keys(TOLD).map((kind) => [
      kind,
      vscode.window.createTextEditorDecorationType({
        gutterIconPath: context.asAbsolutePath(path.join("images", `${kind}.svg`)),
        gutterIconSize: "60%",
      }),
    ]),
  );
  context.subscriptions.push(...Object.values(decorations));

  const draw = async (editor) => {
    if (!editor || editor.document.languageId !== "python" || !client || !client.isRunning()) return;
    let found = marks({ functions: [] });
    if (setting("marks")) {
      try {
        found = marks(await client.sendRequest("pyrust/states", { textDocument: { uri: editor.document.uri.toString() } }));
      } catch (error) {
        client.warn(`no marks: ${error.message}`);
      }
    }
    for (const [kind, lines] of Object.entries(found)) {
      const ranges = lines.filter((line) => line < editor.document.lineCount).map((line) => editor.document.lineAt(line).range);
      editor.setDecorations(decorations[kind], ranges);
    }
  };
  const drawAll = () => Promise.all(vscode.window.visibleTextEditors.map(draw));

  const start = async () => {
    client = new LanguageClient(
      "pyrust",
      "PyRust",
      { command: setting("command"), args: ["lsp"] },
      {
        documentSelector: [{ language: "python", scheme: "file" }, { pattern: "**/{pyrust,pyproject}.toml", scheme: "file" }],
        synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/{pyrust,pyproject}.toml") },
      },
    );
    await client.start();
    await drawAll();
  };
  const restart = async () => {
    if (client) await client.stop().catch(() => undefined);
    await start();
  };

  context.subscriptions.push(
    vscode.commands.registerCommand("pyrust.restart", restart),
    vscode.commands.registerCommand("pyrust.report", async () => {
      const folder = vscode.workspace.workspaceFolders?.[0];
      if (!folder) return;
      const file = path.join(os.tmpdir(), `pyrust-report-${process.pid}.html`);
      const run = new vscode.ShellExecution(setting("command"), ["report", "--html", file], { cwd: folder.uri.fsPath });
      const task = new vscode.Task({ type: "pyrust", task: "report" }, folder, "report", "pyrust", run);
      const running = await vscode.tasks.executeTask(task);
      const ended = vscode.tasks.onDidEndTaskProcess((event) => {
        if (event.execution !== running) return;
        ended.dispose();
        if (event.exitCode === 0) vscode.env.openExternal(vscode.Uri.file(file));
      });
    }),
    vscode.window.onDidChangeActiveTextEditor(draw),
    vscode.workspace.onDidSaveTextDocument(drawAll),
    vscode.tasks.onDidEndTaskProcess(drawAll),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("pyrust.command")) restart().catch((error) => vscode.window.showErrorMessage(`PyRust: ${error.message}`));
      else if (event.affectsConfiguration("pyrust")) drawAll();
    }),
    vscode.tasks.registerTaskProvider("pyrust", {
      provideTasks: () => (vscode.workspace.workspaceFolders ?? []).flatMap((folder) => [...Object.keys(TASKS), "profile"].map((name) => task(folder, name))),
      resolveTask: (given) => (given.scope ? task(given.scope, given.definition.task, given.definition) : undefined),
    }),
  );
  try {
    await start();
  } catch (error) {
    vscode.window.showWarningMessage(`PyRust: \`${setting("command")} lsp\` cannot be started; install pyrust-optimizer, or name the command in the settings`);
  }
}

/**
 * @param {vscode.WorkspaceFolder | vscode.TaskScope} folder
 * @param {string} name
 * @param {vscode.TaskDefinition} definition
 */
function task(folder, name, definition = { type: "pyrust", task: name }) {
  const [command, words] = name === "profile" ? ["pytest", ["--pyrust-profile"]] : [setting("command"), TASKS[name] ?? [name]];
  const made = new vscode.Task(definition, folder, name, "pyrust", new vscode.ShellExecution(command, words), ["$pyrust"]);
  made.isBackground = name === "watch";
  return made;
}

function deactivate() {
  return client ? client.stop() : undefined;
}

module.exports = { activate, deactivate };
