using System.CommandLine;

namespace Backup.Cli.Commands;

/// <summary>Every command of <c>backup</c>, in the order of its help and its manual.</summary>
internal static class BackupCommands
{
    internal static RootCommand Root() =>
        new RootCommand(
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
            SupportBundleCommand.Create(),
            ExplainCommand.Create(),
            ManCommand.Create(),
        };
}
