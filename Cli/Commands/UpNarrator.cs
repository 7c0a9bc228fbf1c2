using Backup.Cli.Appliance;
using Backup.Cli.Control;
using Backup.Cli.Output;

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
              data    {root}
              agents  {appliance.AgentsAddress}
              health  {appliance.HttpAddress}healthz
            """
        );
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

        if (set.Snapshots > 0 && NewTo($"{set.Id}#", $"{set.Snapshots}"))
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
