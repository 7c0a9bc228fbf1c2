using Backup.Cli.Appliance;
using Backup.Cli.Output;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary>Tells who started the appliance what goes on: one line for each thing that changed; with --json one object a line.</summary>
internal sealed class UpNarrator(string root, bool json)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);
    private readonly Dictionary<string, string> _told = new(StringComparer.Ordinal);
    private readonly string _dataOption = IsDefault(root) ? "" : $" --data {root}";

    internal void Started(Appliance.Appliance appliance)
    {
        Tell(
            new
            {
                @event = "started",
                data = root,
                http = appliance.HttpAddress?.ToString(),
                agents = appliance.AgentsAddress?.ToString(),
            },
            $"""
            The backup appliance runs.
              web     {appliance.HttpAddress}
              data    {root}
              agents  {appliance.AgentsAddress}
            """
        );
        if (appliance.SetupToken is { } token)
        {
            // Behind a # it is sent to nobody: the page reads it.
            var address = $"{appliance.HttpAddress}setup#token={token}";
            Tell(
                new { @event = "setup", address },
                $"""
                Nobody can log in yet: make the first administrator. The token is good until it is used, or the appliance starts again.
                  open    {address}
                """
            );
        }

        if (appliance.Sandbox is { } sandbox)
        {
            Tell(
                new { @event = "sandbox", uri = sandbox.Uri },
                $"""
                Nothing to protect was named, so a sandbox is: a small MongoDB-compatible replica set in memory, with a live workload.
                  connect    {sandbox.Uri}
                  your own   ./backup up --protect "mongodb://HOST:27017/?replicaSet=NAME"
                """
            );
        }
    }

    internal void Stopping() => Tell(new { @event = "stopping" }, "Stopping.");

    /// <summary>Until cancelled.</summary>
    internal async Task WatchAsync(ApplianceOperations operations, CancellationToken cancellation)
    {
        while (true)
        {
            var status = await operations.StatusAsync(cancellation);
            Changed("appliance!", status.Errors.FirstOrDefault(), error => ErrorLine("appliance", error));
            foreach (var deployment in status.Deployments)
            {
                Changed($"{deployment.Name}!", deployment.Error, error => ErrorLine(deployment.Name, error));
                foreach (var set in deployment.ReplicaSets)
                {
                    await TellAsync(operations, deployment, set, cancellation);
                }

                TellCluster(deployment);
            }

            foreach (var alert in status.Alerts)
            {
                Changed($"{alert.Condition} {alert.Subject}", alert.Error, error => ErrorLine(alert.Subject, error));
            }

            await Task.Delay(Look, cancellation);
        }
    }

    private async Task TellAsync(
        ApplianceOperations operations,
        DeploymentView deployment,
        ReplicaSetView set,
        CancellationToken cancellation
    )
    {
        var name = $"{deployment.Name}/{set.Name}";
        Changed($"{set.Id}!", set.Error, error => ErrorLine(name, error));
        var progress = set.Sync is { } sync ? " " + Printer.SyncProgress(sync) : "";
        if (NewTo(set.Id, set.State + progress))
        {
            Tell(
                new
                {
                    @event = "state",
                    replicaSet = set.Name,
                    set.Id,
                    set.State,
                    set.Sync,
                },
                $"{name}: {set.State}{progress}"
            );
        }

        // What a set of a cluster gives is told of the cluster.
        if (deployment.PartOf is null && set.Snapshots > 0 && NewTo($"{set.Id}#", $"{set.Snapshots}"))
        {
            var newest = (await operations.SnapshotsAsync(set.Id, cancellation))[0];
            Tell(
                new { @event = "snapshot", snapshot = newest },
                $"""
                {name}: snapshot {newest.Id}, {newest.Documents} documents, {Printer.Bytes(
                    newest.RawBytes
                )}, up to {DateTimeOffset.FromUnixTimeSeconds(newest.Optime.T):u}
                  restore it, in another terminal:
                    ./backup restore {set.Name} --latest --format archive --output dump.archive{_dataOption}
                    mongorestore --uri mongodb://… --archive=dump.archive
                """
            );
        }
    }

    private void TellCluster(DeploymentView deployment)
    {
        if (deployment.Cluster?.Newest is { Time: { } time } newest && NewTo($"{deployment.Id}#", newest.Id))
        {
            Tell(
                new { @event = "cluster-snapshot", snapshot = newest },
                $"""
                {deployment.Name}: cluster snapshot {newest.Id}, {newest.Sets.Count} sets, {newest.Documents} documents, {Printer.Bytes(
                    newest.RawBytes
                )}, up to {DateTimeOffset.FromUnixTimeSeconds(time.T):u}
                """
            );
        }
    }

    private void Changed(string key, ErrorView? error, Func<ErrorView, string> line)
    {
        if (NewTo(key, error?.ToString() ?? "") && error is not null)
        {
            Tell(new { @event = "error", error }, line(error));
        }
    }

    private static string ErrorLine(string name, ErrorView error) =>
        $"{name}: error {error.Code}: {error.Message}{Environment.NewLine}  {error.Hint}";

    private bool NewTo(string key, string value)
    {
        if (_told.TryGetValue(key, out var told) && told == value)
        {
            return false;
        }

        _told[key] = value;
        return true;
    }

    private void Tell(object machine, string human)
    {
        if (json)
        {
            Printer.Json(machine);
        }
        else
        {
            Console.Out.WriteLine(human);
        }
    }

    private static bool IsDefault(string root) => root == Path.GetFullPath(DataFolder.DefaultName);
}
