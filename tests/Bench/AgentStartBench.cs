using System.Diagnostics;
using System.Globalization;
using Backup.Tests.Support;

namespace Backup.Tests.Bench;

/// <summary>How long the agent takes from being started to having answered, beside a program that does nothing; and how large it is.</summary>
internal static class AgentStartBench
{
    private const int Rounds = 40;
    private const double WantedMilliseconds = 100;
    private const double WantedMegabytes = 25;
    private const string Yardstick = "/bin/true";

    /// <param name="arguments"><c>[PROGRAM]</c>, the one of <c>installer/build-app</c> unless given.</param>
    /// <returns>0 where start and size meet their goals.</returns>
    internal static int Run(IReadOnlyList<string> arguments)
    {
        var program = arguments.Count > 0 ? arguments[0] : SourceTree.At(".build", "app", "backup-agent");
        var (agent, nothing) = (new List<double>(), new List<double>());
        // Side by side, so that whatever else the machine does hits both.
        for (var round = 0; round < Rounds; round++)
        {
            agent.Add(Milliseconds(program, "--version"));
            nothing.Add(Milliseconds(Yardstick));
        }

        var (median, least) = (Median(agent), Median(nothing));
        var megabytes = new FileInfo(program).Length / 1e6;
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"backup-agent --version: {median:0} ms (median of {Rounds}, slowest {agent.Max():0} ms), {median / least:0.0} x {Yardstick} ({least:0.0} ms); {megabytes:0.0} MB"
            )
        );
        return median < WantedMilliseconds && megabytes < WantedMegabytes ? 0 : 1;
    }

    private static double Milliseconds(string program, params string[] arguments)
    {
        var watch = Stopwatch.StartNew();
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true }
        )!;
        process.WaitForExit();
        return process.ExitCode == 0
            ? watch.Elapsed.TotalMilliseconds
            : throw new InvalidOperationException($"{program} ended with {process.ExitCode}.");
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
