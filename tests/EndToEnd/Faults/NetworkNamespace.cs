using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace Backup.Tests.EndToEnd.Faults;

/// <summary>
/// A network of its own for the appliance and its agent, with one wire to this process, where the source is. The wire can be cut and throttled, and
/// so can the loopback between agent and server. Needs root, <c>ip</c> and <c>tc</c>.
/// </summary>
internal sealed class NetworkNamespace : IDisposable
{
    private static int _last = Environment.ProcessId % 200;
    private readonly string _wire;

    private NetworkNamespace(int number)
    {
        Name = $"backuptest{Environment.ProcessId}x{number}";
        _wire = $"bt{Environment.ProcessId % 100000}x{number}";
        Outside = IPAddress.Parse($"10.{200 + number / 250}.{number % 250}.1");
        Inside = IPAddress.Parse($"10.{200 + number / 250}.{number % 250}.2");
    }

    /// <summary>For <c>ip netns exec</c>.</summary>
    internal string Name { get; }

    /// <summary>Where the source listens.</summary>
    internal IPAddress Outside { get; }

    private IPAddress Inside { get; }

    /// <returns>Null where this machine does not permit it.</returns>
    internal static NetworkNamespace? TryCreate()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess || !File.Exists("/usr/sbin/ip"))
        {
            return null;
        }

        var made = new NetworkNamespace(Interlocked.Increment(ref _last));
        string[] steps =
        [
            $"ip netns add {made.Name}",
            $"ip link add {made._wire} type veth peer name inside netns {made.Name}",
            $"ip addr add {made.Outside}/30 dev {made._wire}",
            $"ip link set {made._wire} up",
            $"ip netns exec {made.Name} ip addr add {made.Inside}/30 dev inside",
            $"ip netns exec {made.Name} ip link set inside up",
            $"ip netns exec {made.Name} ip link set lo up",
        ];
        if (steps.All(step => Run(step).ExitCode == 0))
        {
            return made;
        }

        made.Dispose();
        return null;
    }

    internal void CutSource(bool isCut) => Must($"ip link set {_wire} {(isCut ? "down" : "up")}");

    /// <summary>Agent and server do not reach each other; each reaches the source.</summary>
    internal void CutServer(bool isCut) => Must($"ip netns exec {Name} ip link set lo {(isCut ? "down" : "up")}");

    /// <summary>Whatever comes from the source comes slowly.</summary>
    internal void Throttle(int kilobits) =>
        Must(
            string.Create(
                CultureInfo.InvariantCulture,
                $"tc qdisc add dev {_wire} root tbf rate {kilobits}kbit burst 16kbit latency 300ms"
            )
        );

    internal void EndThrottle() => Must($"tc qdisc del dev {_wire} root");

    /// <summary>How often something had to wait or was dropped since it is throttled.</summary>
    internal long Waited()
    {
        var shown = Run($"tc -s qdisc show dev {_wire}").Output.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var at = Array.IndexOf(shown, "overlimits");
        return at < 0 ? 0 : long.Parse(shown[at + 1].TrimEnd(')'), CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        _ = Run($"ip link del {_wire}");
        _ = Run($"ip netns del {Name}");
    }

    private static void Must(string command)
    {
        var (code, output) = Run(command);
        if (code != 0)
        {
            throw new InvalidOperationException($"{command}: {output}");
        }
    }

    private static (int ExitCode, string Output) Run(string command)
    {
        var words = command.Split(' ');
        var start = new ProcessStartInfo(words[0], words[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.GetAwaiter().GetResult());
    }
}
