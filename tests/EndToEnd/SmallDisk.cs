using System.Diagnostics;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.EndToEnd;

/// <summary>A disk of its own, in memory. Needs root.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly TemporaryFolder _mount = new();

    internal SmallDisk(int megabytes) => Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", _mount.Path);

    internal string Folder(string name) => _mount.File(name);

    /// <summary>Takes all that is left, also a second time.</summary>
    internal void Fill()
    {
        using var ballast = new FileStream(_mount.File("ballast"), FileMode.Append);
        var block = new byte[64 << 10];
        try
        {
            while (true)
            {
                ballast.Write(block);
                ballast.Flush(flushToDisk: true);
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }

    internal void MakeRoom() => File.Delete(_mount.File("ballast"));

    public void Dispose()
    {
        Run("umount", "--lazy", _mount.Path);
        _mount.Dispose();
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        process.ExitCode.ShouldBe(0, $"{program} {string.Join(' ', arguments)}");
    }
}
