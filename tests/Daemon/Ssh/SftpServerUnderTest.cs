using System.Diagnostics;
using Backup.Daemon.Ssh;
using Backup.Tests.Support;

namespace Backup.Tests.Daemon.Ssh;

/// <summary>OpenSSH's sftp-server as a child, spoken to over its standard streams, as sshd would.</summary>
internal sealed class SftpServerUnderTest : IAsyncDisposable
{
    private readonly Process _process;
    private readonly SftpConnection _connection;

    private SftpServerUnderTest(Process process, SftpConnection connection)
    {
        (_process, _connection) = (process, connection);
        Files = new SftpClient(connection);
    }

    internal SftpClient Files { get; }

    internal SftpConnection Connection => _connection;

    internal static async Task<SftpServerUnderTest> StartAsync(params string[] arguments)
    {
        var process = SshProgram.Start(OpenSsh.SftpServer, ["-e", .. arguments]);
        _ = SshProgram.KeepAsync(process.StandardError);
        var connection = await SftpConnection.OpenAsync(
            process.StandardOutput.BaseStream,
            process.StandardInput.BaseStream,
            TimeSpan.FromSeconds(20),
            TimeProvider.System,
            CancellationToken.None
        );
        return new SftpServerUnderTest(process, connection);
    }

    internal void Kill() => _process.Kill();

    public async ValueTask DisposeAsync()
    {
        await SshProgram.KillAsync(_process);
        await _connection.DisposeAsync();
        _process.Dispose();
    }
}
