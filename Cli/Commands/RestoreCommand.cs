using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Control;
using Backup.Cli.Output;
using Backup.Daemon.Restores;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary>
/// <c>backup restore RS|CLUSTER (--snapshot ID | --latest | --time T | --optime T,I) (--output PATH|- | --to URI | --push TARGET)</c>: a snapshot, or a moment between snapshots,
/// as files, here or pushed over SSH, or straight into MongoDB. The output appears under its name only when it is whole and its hash is the one that was sent.
/// </summary>
internal static class RestoreCommand
{
    internal static Command Create()
    {
        var (choice, json) = (new ChoiceOptions(), SharedOptions.Json());
        var subject = new Argument<string>("RS|CLUSTER")
        {
            Description = "A replica set (its name, its id, DEPLOYMENT/NAME, CLUSTER/SHARD) or a sharded cluster",
        };
        var which = new MomentOptions();
        var how = new RestoreFormOptions();
        var command = new Command(
            "restore",
            "Write a snapshot, or any moment between snapshots, out as files or into MongoDB"
        )
        {
            subject,
            json,
        };
        choice.AddTo(command);
        how.AddTo(command);
        which.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
            {
                var request = how.Request(parsed) with
                {
                    Choice = choice.Of(parsed),
                    Subject = parsed.GetRequiredValue(subject),
                    Snapshot = which.SnapshotOf(parsed),
                    Moment = which.MomentOf(parsed),
                    Json = parsed.GetValue(json),
                };
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

    private static async Task<int> RunAsync(RestoreRequest request, CancellationToken cancellation)
    {
        if (request is { ToStandardOutput: false, Output: { } output } && Path.Exists(output))
        {
            throw CliErrors.NotEmpty(output);
        }

        await using var appliance = await ApplianceConnection.OpenAsync(
            request.Choice,
            needsRunning: false,
            cancellation
        );
        if (request.Push is not null)
        {
            return await RestorePush.RunAsync(appliance.Api, request, cancellation);
        }

        // Data files are written on the appliance's host, whatever else is said of them.
        if (request is { To: not null, DataFiles: null })
        {
            return await RestoreInto.RunAsync(appliance.Api, request, cancellation);
        }

        if (request.DataFiles is null && appliance.Host is not null)
        {
            return await RestoreFromElsewhere.RunAsync(appliance, request, cancellation);
        }

        var client = appliance.Client;
        if (request.DataFiles is not null)
        {
            return await RestoreDataFiles.RunAsync(client, request, cancellation);
        }

        var subject = await client.Api.FindAsync(request.Subject, SubjectKind.Any, cancellation);
        if (subject.Kind == SubjectView.Cluster)
        {
            if (request.Users)
            {
                throw CliErrors.UsersOfCluster(subject.Name);
            }

            return request.IsMerged
                ? Report(request, subject.Name, await MergedAsync(client, request, cancellation))
                : await RestoreCluster.RunAsync(client, request, cancellation);
        }

        if (request.IsMerged || request.IsRaw)
        {
            throw CliErrors.ReplicaSetForm(subject.Name, request.IsMerged ? "--merged" : "--raw");
        }

        var (what, result) = request.Moment is { } moment
            ? await MomentAsync(client, request, subject, moment, cancellation)
            : await SnapshotAsync(client, request, subject, cancellation);
        return Report(request, what, result);
    }

    private static async Task<RestoreView> MergedAsync(
        ControlClient client,
        RestoreRequest request,
        CancellationToken cancellation
    )
    {
        var id = Guid.NewGuid().ToString("N");
        using var progress = new RestoreProgress($"restore {request.Subject}", 0, client, id);
        return await RestoreOutput.WriteAsync(
            request,
            output =>
                client.RestoreClusterAsync(
                    request.Subject,
                    request.ClusterPoint,
                    request.Format,
                    request.Shape,
                    id,
                    output,
                    progress.Report,
                    cancellation
                ),
            cancellation
        );
    }

    private static async Task<(string What, RestoreView Result)> SnapshotAsync(
        ControlClient client,
        RestoreRequest request,
        FoundSubjectView subject,
        CancellationToken cancellation
    )
    {
        var snapshot = await ChooseAsync(client, request, subject, cancellation);
        using var progress = new RestoreProgress($"restore {snapshot.Id}", snapshot.RawBytes);
        var result = await RestoreOutput.WriteAsync(
            request,
            output =>
                client.RestoreSnapshotAsync(
                    snapshot.Id,
                    request.Format,
                    request.Shape,
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
        RestoreRequest request,
        FoundSubjectView subject,
        (string Parameter, string Value) moment,
        CancellationToken cancellation
    )
    {
        var snapshots = await client.Api.SnapshotsAsync(subject, cancellation);
        var id = Guid.NewGuid().ToString("N");
        // About as much as the newest snapshot: the moment's own size is known when it is written.
        var expected = snapshots.Count == 0 ? 0 : snapshots[0].RawBytes;
        using var progress = new RestoreProgress($"restore {request.Subject}", expected, client, id);
        var result = await RestoreOutput.WriteAsync(
            request,
            output =>
                client.RestoreMomentAsync(
                    request.Subject,
                    moment,
                    request.Format,
                    request.Shape,
                    id,
                    output,
                    progress.Report,
                    cancellation
                ),
            cancellation
        );
        return (request.Subject, result);
    }

    private static async Task<SnapshotView> ChooseAsync(
        ControlClient client,
        RestoreRequest request,
        FoundSubjectView subject,
        CancellationToken cancellation
    )
    {
        var snapshots = await client.Api.SnapshotsAsync(subject, cancellation);
        return request.Snapshot is null
            ? snapshots.FirstOrDefault() ?? throw CliErrors.NothingToRestore(request.Subject)
            : snapshots.FirstOrDefault(s => s.Id == request.Snapshot)
                ?? throw CliErrors.NoSuchSnapshot(request.Snapshot);
    }

    private static int Report(RestoreRequest request, string what, RestoreView result)
    {
        var to = request.ToStandardOutput ? Console.Error : Console.Out;
        if (request.Json)
        {
            to.WriteLine(System.Text.Json.JsonSerializer.Serialize(result, ControlJson.Options));
            return ExitCodes.Ok;
        }

        to.WriteLine(
            $"Restored {what}: {result.Documents} documents, {Printer.Bytes(result.Bytes)}{(result.Sha256 is { } sum ? $", sha256 {sum}" : "")}"
        );
        to.WriteLine(
            $"  up to and including optime {result.Optime.T},{result.Optime.I} ({DateTimeOffset.FromUnixTimeSeconds(result.Optime.T):u})"
        );
        LeftOutLines.Print(to, result.Excluded, result.Undecided);

        SayHowToLoad(request, to);
        return ExitCodes.Ok;
    }

    internal static void SayHowToLoad(RestoreRequest request, TextWriter to)
    {
        if (request.ToStandardOutput)
        {
            return;
        }

        var gzip = request.Gzip ? " --gzip" : "";
        to.WriteLine(
            request.Format switch
            {
                RestoreFormat.Archive => $"Load it: mongorestore --uri mongodb://…{gzip} --archive={request.Output}",
                RestoreFormat.Directory => $"Load it: mongorestore --uri mongodb://…{gzip} --dir={request.Output}",
                _ when request.Gzip => $"Each line is one document, compressed: {request.Output}",
                _ => $"Each line is one document: {request.Output}",
            }
        );
    }
}
