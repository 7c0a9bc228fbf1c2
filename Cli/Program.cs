using System.CommandLine;
using Backup.Cli.Commands;
using Backup.Foundation.Memory;

// An appliance fills large memtables and slices again and again, from one thread and another: what is given back must not stay with the thread.
NativeHeap.ReturnLargeBlocks();

var root = new RootCommand(
    "Backs up MongoDB replica sets: continuously, deduplicated, restorable. Start with: backup up --protect mongodb://…"
)
{
    UpCommand.Up(),
    UpCommand.Server(),
    DaemonCommand.Create(),
    StatusCommand.Create(),
    ApplianceCommand.Create(),
    SnapshotCommand.Create(),
    SnapshotsCommand.Create(),
    RangesCommand.Create(),
    RestoreCommand.Create(),
    LinksCommand.Create(),
    AuditCommand.Create(),
    DocumentCommands.Get(),
    DocumentCommands.History(),
    ClusterLoadCommands.Prepare(),
    ClusterLoadCommands.Check(),
    ServeCommand.Create(),
    PolicyCommand.Create(),
    SourceCommand.Create(),
    VerifyCommand.Create(),
    JobsCommand.Create(),
    StoreCommands.Create(),
    MetadataCommands.Create(),
    ResyncCommand.Create(),
    NamespacesCommand.Create(),
    MonitoringCommand.Create(),
    HostsCommand.Create(),
    SshCommands.Create(),
    CredentialCommands.Keys(),
    CredentialCommands.Certificates(),
    DeploymentsCommand.Create(),
    AgentsCommand.Create(),
    PeopleCommand.Create(),
    AlertsCommand.Create(),
    DaemonsCommand.Create(),
    ConfigCommand.Create(),
};

var parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    return CommandRunner.Refuse(parsed);
}

return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
