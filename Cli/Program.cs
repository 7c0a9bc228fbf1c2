using System.CommandLine;
using Backup.Cli.Commands;
using Backup.Foundation.Memory;

// An appliance fills large memtables and slices again and again, from one thread and another: what is given back must not stay with the thread.
NativeHeap.ReturnLargeBlocks();

var parsed = BackupCommands.Root().Parse(args);
if (parsed.Errors.Count > 0)
{
    return CommandRunner.Refuse(parsed);
}

return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
