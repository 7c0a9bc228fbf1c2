using System.Diagnostics;
using Backup.Tests.Support;

namespace Backup.Tests.EndToEnd;

/// <summary>A real mongod that is started on data files that are there already.</summary>
internal sealed class MongodOnFiles : IAsyncDisposable
{
    private readonly Process _process;

    private MongodOnFiles(Process process, int port) => (_process, Port) = (process, port);

    internal int Port { get; }

    internal string Uri => $"mongodb://127.0.0.1:{Port}/?directConnection=true";

    /// <param name="data">Its dbpath.</param>
    /// <param name="port">Free.</param>
    /// <param name="more">Further arguments.</param>
    internal static MongodOnFiles Start(string data, int port, params string[] more)
    {
        string[] arguments =
        [
            "--dbpath",
            data,
            "--port",
            $"{port}",
            "--bind_ip",
            "127.0.0.1",
            "--nounixsocket",
            "--wiredTigerCacheSizeGB",
            "0.25",
            "--logpath",
            $"{data}.log",
            .. more,
        ];
        return new MongodOnFiles(Process.Start(RealMongo.Binary!, arguments), port);
    }

    /// <summary>The numbers of the mongods whose dbpath holds that text.</summary>
    internal static List<int> On(string text) =>
        [
            .. Process
                .GetProcessesByName("mongod")
                .Select(static one => one.Id)
                .Where(id => CommandLine(id).Split('\0').Any(word => word.Contains(text, StringComparison.Ordinal))),
        ];

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static string CommandLine(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
