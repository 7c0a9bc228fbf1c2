namespace Backup.Cli.Output;

/// <summary>A bar on standard error for each phase, with rate and time left; silent where that is no terminal.</summary>
/// <param name="titleOf">What a phase is called; the bar goes on where the next one is called the same.</param>
internal sealed class PhaseBar(Func<string, string> titleOf) : IDisposable
{
    private ByteProgress? _bar;
    private string _title = "";

    internal void Report(string phase, long bytes, long expectedBytes)
    {
        var title = titleOf(phase);
        if (_bar is null || title != _title)
        {
            _bar?.Dispose();
            _bar = new ByteProgress(title, expectedBytes);
            _title = title;
        }

        _bar.Report(bytes);
    }

    public void Dispose() => _bar?.Dispose();
}
