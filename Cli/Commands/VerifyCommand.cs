using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Output;

namespace Backup.Cli.Commands;

/// <summary><c>backup verify SNAPSHOT</c>: every block read back, every document decoded, counted and hashed.</summary>
internal static class VerifyCommand
{
    internal static Command Create()
    {
        var snapshot = new Argument<string>("SNAPSHOT") { Description = "The snapshot's id" };
        var (data, json) = (SharedOptions.Data(), SharedOptions.Json());
        var command = new Command("verify", "Read a snapshot back: decode, count and hash everything")
        {
            snapshot,
            data,
            json,
        };
        command.SetAction(
            (parsed, cancellation) =>
                CommandRunner.RunAsync(
                    parsed.GetValue(json),
                    token =>
                        RunAsync(
                            parsed.GetValue(data),
                            parsed.GetRequiredValue(snapshot),
                            parsed.GetValue(json),
                            token
                        ),
                    cancellation
                )
        );
        return command;
    }

    private static async Task<int> RunAsync(string? data, string snapshot, bool json, CancellationToken cancellation)
    {
        await using var appliance = await ApplianceConnection.OpenAsync(data, needsRunning: false, cancellation);
        var job = await appliance.Client.RequestVerificationAsync(snapshot, cancellation);
        job = await JobWaiter.WaitAsync(appliance.Client, job, cancellation);
        if (json)
        {
            Printer.Json(job.Result);
            return ExitCodes.Ok;
        }

        var result = job.Result!.Value;
        Console.Out.WriteLine(
            $"Snapshot {snapshot} is whole: {result.GetProperty("documents")} documents, {Printer.Bytes(result.GetProperty("bytes").GetInt64())}, sha256 {result.GetProperty("sha256")}"
        );
        return ExitCodes.Ok;
    }
}
