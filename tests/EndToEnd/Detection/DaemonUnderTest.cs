using System.Diagnostics;
using System.Text;
using Backup.Tests.Support;

namespace Backup.Tests.EndToEnd.Detection;

/// <summary><c>backup daemon</c> as a process of its own, on a catalogue and stores that a server shares.</summary>
internal sealed class DaemonUnderTest : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringBuilder _output = new();
    private readonly Process _process;

    /// <param name="variables">Where the catalogue and the stores are.</param>
    internal DaemonUnderTest(IReadOnlyDictionary<string, string> variables)
    {
        var start = new ProcessStartInfo(SourceTree.At(".build", "app", "backup"))
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] words = ["daemon", "--data", _folder.File("daemon"), "--daemon-name", "one", "--health", "0"];
        foreach (var word in words)
        {
            start.ArgumentList.Add(word);
        }

        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += Collect;
        _process.ErrorDataReceived += Collect;
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    internal string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>kill -9.</summary>
    internal async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
        _folder.Dispose();
    }

    private void Collect(object sender, DataReceivedEventArgs line)
    {
        lock (_output)
        {
            _output.AppendLine(line.Data);
        }
    }
}
