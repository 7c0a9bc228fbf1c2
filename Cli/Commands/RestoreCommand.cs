using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Control;
using Backup.Cli.Output;
using Backup.Daemon.Restores;

namespace Backup.Cli.Commands;

/// <summary>
/// <c>backup restore RS (--snapshot ID | --latest | --time T | --optime T,I) --format F --output PATH|-</c>: a snapshot, or a moment
/// between snapshots, as files. The output appears under its name only when it is whole and its hash is the one that was sent.
/// </summary>
internal static class RestoreCommand
{
    /// <param name="Data">The data folder.</param>
    /// <param name="ReplicaSet">As the user names it.</param>
    /// <param name="Snapshot">Its id; null for the newest one, or where a moment is given.</param>
    /// <param name="Moment">Null for a snapshot.</param>
    /// <param name="Format">How it is written.</param>
    /// <param name="Namespaces">What is restored; none: everything.</param>
    /// <param name="Output">Where to.</param>
    /// <param name="Json">For scripts.</param>
    private sealed record Request(
        string? Data,
        string ReplicaSet,
        string? Snapshot,
        (string Parameter, string Value)? Moment,
        RestoreFormat Format,
        IReadOnlyList<string> Namespaces,
        string Output,
        bool Json
    )
    {
        internal bool ToStandardOutput => Output == "-";
    }

    internal static Command Create()
    {
        var (replicaSet, data, json) = (SharedOptions.ReplicaSet(), SharedOptions.Data(), SharedOptions.Json());
        var which = new MomentOptions();
        var format = new Option<string>("--format")
        {
            Description = "archive (mongorestore --archive), directory (mongorestore --dir) or ndjson",
            DefaultValueFactory = _ => "archive",
            HelpName = "archive|directory|ndjson",
        };
        format.AcceptOnlyFromAmong([.. RestoreFormats.Names]);
        var output = new Option<string>("--output")
        {
            Description = "A file, a folder (directory), or - for standard output (directory: as tar)",
            Required = true,
            HelpName = "PATH|-",
        };
        var namespaces = new Option<string[]>("--namespace")
        {
            Description = "Only these: db, db.coll or db.prefix*; may be given several times",
            HelpName = "NAMESPACE",
        };
        var command = new Command("restore", "Write a snapshot, or any moment between snapshots, out as files")
        {
            replicaSet,
            format,
            namespaces,
            output,
            data,
            json,
        };
        which.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
            {
                var request = new Request(
                    parsed.GetValue(data),
                    parsed.GetRequiredValue(replicaSet),
                    which.SnapshotOf(parsed),
                    which.MomentOf(parsed),
                    RestoreFormats.Parse(parsed.GetRequiredValue(format)),
                    parsed.GetValue(namespaces) ?? [],
                    parsed.GetRequiredValue(output),
                    parsed.GetValue(json)
                );
                return CommandRunner.RunAsync(
                    request.Json,
                    token => RunAsync(request, token),
                    cancellation,
                    errorsOnStandardError: request.ToStandardOutput
                );
            }
        );
        return command;
    }

    private static async Task<int> RunAsync(Request request, CancellationToken cancellation)
    {
        if (!request.ToStandardOutput && Path.Exists(request.Output))
        {
            throw CliErrors.NotEmpty(request.Output);
        }

        await using var appliance = await ApplianceConnection.OpenAsync(
            request.Data,
            needsRunning: false,
            cancellation
        );
        var (what, result) = request.Moment is { } moment
            ? await MomentAsync(appliance.Client, request, moment, cancellation)
            : await SnapshotAsync(appliance.Client, request, cancellation);
        Report(request, what, result);
        return ExitCodes.Ok;
    }

    private static async Task<(string What, RestoreView Result)> SnapshotAsync(
        ControlClient client,
        Request request,
        CancellationToken cancellation
    )
    {
        var snapshot = await ChooseAsync(client, request, cancellation);
        using var progress = new RestoreProgress($"restore {snapshot.Id}", snapshot.RawBytes);
        var result = await WriteAsync(
            request,
            output =>
                client.RestoreSnapshotAsync(
                    snapshot.Id,
                    request.Format,
                    request.Namespaces,
                    output,
                    progress.Report,
                    cancellation
                ),
            cancellation
        );
        return ($"snapshot {snapshot.Id}", result);
    }

    private static async Task<(string What, RestoreView Result)> MomentAsync(
        ControlClient client,
        Request request,
        (string Parameter, string Value) moment,
        CancellationToken cancellation
    )
    {
        var snapshots = await client.SnapshotsAsync(request.ReplicaSet, cancellation);
        var id = Guid.NewGuid().ToString("N");
        // About as much as the newest snapshot: the moment's own size is known when it is written.
        var expected = snapshots.Count == 0 ? 0 : snapshots[0].RawBytes;
        using var progress = new RestoreProgress($"restore {request.ReplicaSet}", expected, client, id);
        var result = await WriteAsync(
            request,
            output =>
                client.RestoreMomentAsync(
                    request.ReplicaSet,
                    moment,
                    request.Format,
                    request.Namespaces,
                    id,
                    output,
                    progress.Report,
                    cancellation
                ),
            cancellation
        );
        return (request.ReplicaSet, result);
    }

    private static async Task<SnapshotView> ChooseAsync(
        ControlClient client,
        Request request,
        CancellationToken cancellation
    )
    {
        var snapshots = await client.SnapshotsAsync(request.ReplicaSet, cancellation);
        return request.Snapshot is null
            ? snapshots.FirstOrDefault() ?? throw CliErrors.NothingToRestore(request.ReplicaSet)
            : snapshots.FirstOrDefault(s => s.Id == request.Snapshot)
                ?? throw CliErrors.NoSuchSnapshot(request.Snapshot);
    }

    private static async Task<RestoreView> WriteAsync(
        Request request,
        Func<Stream, Task<RestoreView>> restore,
        CancellationToken cancellation
    )
    {
        if (request.ToStandardOutput)
        {
            await using var standard = Console.OpenStandardOutput();
            return await restore(standard);
        }

        try
        {
            return request.Format == RestoreFormat.Directory
                ? await RestoreOutput.ToFolderAsync(request.Output, restore, cancellation)
                : await RestoreOutput.ToFileAsync(request.Output, restore);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw CliErrors.Output(request.Output, failure);
        }
    }

    private static void Report(Request request, string what, RestoreView result)
    {
        var to = request.ToStandardOutput ? Console.Error : Console.Out;
        if (request.Json)
        {
            to.WriteLine(System.Text.Json.JsonSerializer.Serialize(result, ControlJson.Options));
            return;
        }

        to.WriteLine(
            $"Restored {what}: {result.Documents} documents, {Printer.Bytes(result.Bytes)}, sha256 {result.Sha256}"
        );
        to.WriteLine(
            $"  up to and including optime {result.Optime.T},{result.Optime.I} ({DateTimeOffset.FromUnixTimeSeconds(result.Optime.T):u})"
        );
        foreach (var excluded in result.Excluded ?? [])
        {
            to.WriteLine($"  without the documents of {excluded.Namespace}: {excluded.Reason}");
        }

        foreach (var open in result.Undecided ?? [])
        {
            to.WriteLine(
                $"  without the transaction prepared at optime {open.T},{open.I}: whether it was committed by then is not known; restore again when it is, or any later moment with --optime"
            );
        }

        if (!request.ToStandardOutput)
        {
            to.WriteLine(
                request.Format switch
                {
                    RestoreFormat.Archive => $"Load it: mongorestore --uri mongodb://… --archive={request.Output}",
                    RestoreFormat.Directory => $"Load it: mongorestore --uri mongodb://… --dir={request.Output}",
                    _ => $"Each line is one document: {request.Output}",
                }
            );
        }
    }
}
