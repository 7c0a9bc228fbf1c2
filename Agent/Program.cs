// A guest on a database host stays small.
Backup.Foundation.Memory.NativeHeap.ReturnLargeBlocks();
return await Backup.Agent.Commands.AgentCommands.InvokeAsync(args);
