using System.Buffers.Binary;
using Backup.Foundation;

namespace Backup.Daemon.Radar;

/// <summary>
/// The operations of one kind on one collection: counted by the second, the minute and the hour of the oplog's own time, with what is usual of each, and since
/// when there were more in a second than are usual: the begin of what goes beyond it. A number is added when its second is over.
/// </summary>
internal sealed class KindRates
{
    /// <summary>Bytes of <see cref="Write"/>: the hour, and the peaks of three spans.</summary>
    internal const int Length = sizeof(uint) + (3 * LearntPeaks.Length);

    private const uint Minute = 60;
    private const uint Hour = 3600;

    /// <summary>So few in a second begin no run, whatever is usual.</summary>
    private const long FewInSecond = 3;

    /// <summary>Seconds without more than is usual that end a run.</summary>
    private const uint QuietSeconds = 60;

    private readonly LearntPeaks _bySecond = new();
    private readonly LearntPeaks _byMinute = new();
    private readonly LearntPeaks _byHour = new();
    private readonly RecentMinutes _recent = new();
    private Window _minute;
    private Window _hour;
    private Run _run;
    private long _count;
    private Optime _first;
    private uint _lastSecond;
    private Optime _lastFirst;

    internal long UsualMinute => _byMinute.Usual;

    internal long UsualHour => _byHour.Usual;

    /// <summary>In a minute, by the last hour alone.</summary>
    internal long UsualRecently => _recent.Usual;

    internal long InMinute => _minute.Count;

    internal long InHour => _hour.Count;

    /// <summary>In this hour and the one before.</summary>
    internal long InTwoHours => _hour.CountBefore + _hour.Count;

    /// <summary>Whether something is counted that <see cref="CloseSecond"/> has not added.</summary>
    internal bool IsTouched => _count > 0;

    internal void Add(long count, Optime at)
    {
        _first = _count == 0 || at < _first ? at : _first;
        _count += count;
    }

    /// <summary>Adds what was counted to the spans that this second is in.</summary>
    /// <param name="second">Not before the last one.</param>
    /// <returns>What was added.</returns>
    internal long CloseSecond(uint second)
    {
        var count = _count;
        var hour = second / Hour;
        _bySecond.Advance(hour);
        _byMinute.Advance(hour);
        _byHour.Advance(hour);
        FollowRun(second);
        _minute.Add(second / Minute, count, _first, IsInRun);
        _hour.Add(hour, count, _first, IsInRun);
        _bySecond.Note(count);
        _byMinute.Note(_minute.Count);
        _recent.Note(second / Minute, _minute.Count);
        _byHour.Note(_hour.Count);
        (_lastSecond, _lastFirst) = (second, _first);
        _count = 0;
        return count;
    }

    /// <summary>Since when it goes beyond what is usual in this minute: where the run's part alone is beyond it, its begin.</summary>
    internal (Optime First, long Documents) BeginInMinute() => Begin(_minute, UsualMinute);

    /// <summary>The same of this hour.</summary>
    internal (Optime First, long Documents) BeginInHour() => Begin(_hour, UsualHour);

    internal void Write(Span<byte> target, uint hour)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target, hour);
        _bySecond.Write(target[sizeof(uint)..]);
        _byMinute.Write(target[(sizeof(uint) + LearntPeaks.Length)..]);
        _byHour.Write(target[(sizeof(uint) + (2 * LearntPeaks.Length))..]);
    }

    /// <param name="source">What <see cref="Write"/> wrote.</param>
    internal void Read(ReadOnlySpan<byte> source)
    {
        var hour = BinaryPrimitives.ReadUInt32LittleEndian(source);
        _bySecond.Read(source[sizeof(uint)..], hour);
        _byMinute.Read(source[(sizeof(uint) + LearntPeaks.Length)..], hour);
        _byHour.Read(source[(sizeof(uint) + (2 * LearntPeaks.Length))..], hour);
        _lastSecond = hour * Hour;
    }

    internal uint LastHour => _lastSecond / Hour;

    private bool IsInRun => _run.IsOn;

    private void FollowRun(uint second)
    {
        if (_run.IsOn && second - _run.Last > QuietSeconds)
        {
            _run = default;
        }

        if (_count > Math.Max(_bySecond.Usual, FewInSecond))
        {
            // It may have begun at the end of the second before, with few.
            var before = _lastSecond > 0 && second - _lastSecond <= 1 && !_lastFirst.IsZero ? _lastFirst : _first;
            _run = _run.IsOn
                ? _run with
                {
                    Last = second,
                }
                : new Run(true, before < _first ? before : _first, second, 0);
        }

        if (_run.IsOn)
        {
            _run = _run with { Count = _run.Count + _count };
        }
    }

    private (Optime First, long Documents) Begin(Window window, long usual) =>
        _run.IsOn && window.Count - window.InRun <= usual ? (_run.First, _run.Count)
        // It may have begun, slowly, in the span before.
        : window.CountBefore > usual ? (window.FirstBefore, window.CountBefore + window.Count)
        : (window.First, window.Count);

    private readonly record struct Run(bool IsOn, Optime First, uint Last, long Count);

    private struct Window
    {
        private long _index;

        internal long Count { get; private set; }

        /// <summary>Of them in the run that is on.</summary>
        internal long InRun { get; private set; }

        internal Optime First { get; private set; }

        /// <summary>Of the span just before.</summary>
        internal long CountBefore { get; private set; }

        internal Optime FirstBefore { get; private set; }

        internal void Add(long index, long count, Optime first, bool isInRun)
        {
            if (index != _index)
            {
                (CountBefore, FirstBefore) = index == _index + 1 ? (Count, First) : (0, first);
                (_index, Count, InRun, First) = (index, 0, 0, first);
            }

            Count += count;
            InRun += isInRun ? count : 0;
            First = first < First ? first : First;
        }
    }
}
