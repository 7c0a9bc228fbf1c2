using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Control;
using Backup.Cli.Output;
using Backup.Daemon.Restores;

namespace Backup.Cli.Commands;

/// <summary>
/// <c>backup restore RS (--snapshot ID | --latest) --format F --output PATH|-</c>: a snapshot as files. The output appears under its
/// name only when it is whole and its hash is the one that was sent.
/// </summary>
internal static class RestoreCommand
{
    private sealed record Request(
        string? Data,
        string ReplicaSet,
        string? Snapshot,
        RestoreFormat Format,
        string Output,
        bool Json
    )
    {
        internal bool ToStandardOutput => Output == "-";
    }

    internal static Command Create()
    {
        var (replicaSet, data, json) = (SharedOptions.ReplicaSet(), SharedOptions.Data(), SharedOptions.Json());
        var snapshot = new Option<string?>("--snapshot") { Description = "The snapshot's id", HelpName = "ID" };
        var latest = new Option<bool>("--latest") { Description = "The newest snapshot" };
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
        var command = new Command("restore", "Write a snapshot out as files")
        {
            replicaSet,
            snapshot,
            latest,
            format,
            output,
            data,
            json,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(snapshot) is null == !result.GetValue(latest))
            {
                result.AddError("Say which snapshot: either --snapshot ID or --latest.");
            }
        });
        command.SetAction(
            (parsed, cancellation) =>
            {
                var request = new Request(
                    parsed.GetValue(data),
                    parsed.GetRequiredValue(replicaSet),
                    parsed.GetValue(snapshot),
                    RestoreFormats.Parse(parsed.GetRequiredValue(format)),
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
        var snapshot = await ChooseAsync(appliance.Client, request, cancellation);
        using var progress = new ByteProgress($"restore {snapshot.Id}", snapshot.RawBytes);
        var result = await WriteAsync(
            request,
            output => appliance.Client.RestoreAsync(snapshot.Id, request.Format, output, progress.Report, cancellation),
            cancellation
        );
        progress.Dispose();
        Report(request, snapshot, result);
        return ExitCodes.Ok;
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

    private static void Report(Request request, SnapshotView snapshot, RestoreView result)
    {
        var to = request.ToStandardOutput ? Console.Error : Console.Out;
        if (request.Json)
        {
            to.WriteLine(System.Text.Json.JsonSerializer.Serialize(result, ControlJson.Options));
            return;
        }

        to.WriteLine(
            $"Restored snapshot {snapshot.Id}: {result.Documents} documents, {Printer.Bytes(result.Bytes)}, sha256 {result.Sha256}"
        );
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
