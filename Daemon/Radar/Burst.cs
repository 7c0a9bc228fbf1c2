using Backup.Foundation;

namespace Backup.Daemon.Radar;

/// <summary>How long the source is watched already.</summary>
internal enum RadarAge
{
    /// <summary>Nothing can be said of rates.</summary>
    New,

    /// <summary>What is usual is known of the last hours alone, and more is let pass.</summary>
    Young,
    Grown,
}

/// <summary>More of a kind than is usual, from its begin until there is no more.</summary>
internal sealed class Burst
{
    /// <summary>What a minute may always have: small collections do not cry.</summary>
    internal const long MinuteFloor = 200;

    /// <summary>What an hour may always have.</summary>
    internal const long HourFloor = 1000;

    /// <summary>So many times that, while too little is learnt.</summary>
    internal const long YoungFactor = 10;

    /// <summary>What is less than that times of what is usual is not looked at.</summary>
    internal const double Least = 1.5;

    /// <summary>Whether there is something to take.</summary>
    internal bool IsNoticed => _documents > 0;

    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private bool _isOn;
    private DateTimeOffset _since;
    private long _usualMinute;
    private long _usualHour;
    private Optime _first;
    private DateTimeOffset _lastAt;
    private long _documents;
    private long _most;
    private long _usual = 1;
    private TimeSpan _span;

    /// <param name="kind">Just closed.</param>
    /// <param name="count">What came in that second.</param>
    /// <param name="second">Which.</param>
    /// <param name="came">What is let pass in a minute or an hour, since so much came.</param>
    /// <param name="age">How much is learnt.</param>
    internal void See(KindRates kind, long count, uint second, long came, RadarAge age)
    {
        var at = DateTimeOffset.FromUnixTimeSeconds(second);
        if (!_isOn || at - _since >= Longest)
        {
            // What is usual by now and was not before is no burst for ever.
            Look(kind, came, age, at);
        }

        if (_isOn && kind.InMinute <= _usualMinute && kind.InHour <= _usualHour)
        {
            _isOn = false;
        }

        if (_isOn)
        {
            _documents += count;
        }
        else if (kind.InMinute > _usualMinute * Least || kind.InHour > _usualHour * Least)
        {
            (_isOn, _most, _usual) = (true, 0, 1);
            (_first, _documents) = kind.InMinute > _usualMinute * Least ? kind.BeginInMinute() : kind.BeginInHour();
        }

        if (_isOn)
        {
            _lastAt = at;
            Raise(kind.InMinute, _usualMinute, TimeSpan.FromMinutes(1));
            Raise(kind.InHour, _usualHour, TimeSpan.FromHours(1));
        }
    }

    private void Look(KindRates kind, long came, RadarAge age, DateTimeOffset at)
    {
        var isYoung = age != RadarAge.Grown;
        var (more, recently) = isYoung ? (YoungFactor, kind.UsualRecently) : (1, 0);
        _usualMinute = Max(kind.UsualMinute, recently, came, MinuteFloor * more);
        _usualHour = Max(kind.UsualHour, recently * 60, came, HourFloor * more);
        _since = at;
    }

    private static long Max(params ReadOnlySpan<long> values)
    {
        var most = values[0];
        foreach (var one in values)
        {
            most = Math.Max(most, one);
        }

        return most;
    }

    /// <summary>What was seen of it since the last time, where it is past that factor; null: nothing.</summary>
    internal Seen? Take(double least)
    {
        if (_documents == 0 || _most <= _usual * least)
        {
            return null;
        }

        var seen = new Seen(_first, _lastAt, _documents, _most, _usual, _span);
        _documents = 0;
        return seen;
    }

    private void Raise(long count, long usual, TimeSpan span)
    {
        if ((double)count / usual > (double)_most / _usual)
        {
            (_most, _usual, _span) = (count, usual, span);
        }
    }

    internal sealed record Seen(
        Optime First,
        DateTimeOffset LastAt,
        long Documents,
        long Most,
        long Usual,
        TimeSpan Span
    )
    {
        internal double Factor => (double)Most / Usual;
    }
}
