using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Output;

namespace Backup.Cli.Commands;

/// <summary><c>backup verify SNAPSHOT</c>: every block read back, every document decoded, counted and hashed.</summary>
internal static class VerifyCommand
{
    internal static Command Create() =>
        SharedOptions.Command(
            "verify",
            "Read a snapshot back: decode, count and hash everything",
            new Argument<string>("SNAPSHOT") { Description = "The id of a snapshot, of a replica set or a cluster" },
            RunAsync
        );

    private static async Task<int> RunAsync(
        ApplianceChoice choice,
        string snapshot,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        var started = await appliance.Api.RequestVerificationAsync(snapshot, cancellation);
        var job = await JobWaiter.WaitAsync(appliance.Api, started, cancellation);
        if (json)
        {
            Printer.Json(job.Result);
            return ExitCodes.Ok;
        }

        var result = job.Result!.Value;
        if (result.TryGetProperty("parts", out var parts))
        {
            Console.Out.WriteLine(
                $"Cluster snapshot {snapshot} is whole: {result.GetProperty("documents")} documents, {Printer.Bytes(result.GetProperty("bytes").GetInt64())}"
            );
            foreach (var part in parts.EnumerateArray())
            {
                var of = part.GetProperty("result");
                Console.Out.WriteLine(
                    $"  {part.GetProperty("set")}: {of.GetProperty("documents")} documents, {Printer.Bytes(of.GetProperty("bytes").GetInt64())}, sha256 {of.GetProperty("sha256")}"
                );
            }

            return ExitCodes.Ok;
        }

        Console.Out.WriteLine(
            $"Snapshot {snapshot} is whole: {result.GetProperty("documents")} documents, {Printer.Bytes(result.GetProperty("bytes").GetInt64())}, sha256 {result.GetProperty("sha256")}"
        );
        if (result.TryGetProperty("collated", out var collated))
        {
            var names = collated.EnumerateArray().Select(one => one.GetString());
            Console.Out.WriteLine(
                $"  their dbHash cannot be compared, as a collation of their own orders them: {string.Join(", ", names)}"
            );
        }

        return ExitCodes.Ok;
    }
}
